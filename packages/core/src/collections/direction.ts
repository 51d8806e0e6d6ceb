import { checkOptions, validOption } from '../entry/entry-options.ts';

/** In which direction a collection is gone through. */
export interface DirectionOptions {
  /** From the last to the first. @default false */
  reverse?: boolean | undefined;
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function isReverse(options: DirectionOptions | undefined): boolean {
  const { reverse = false } = checkOptions(options, ['reverse']);
  return validOption('reverse', reverse, typeof reverse === 'boolean', 'true or false');
}

/** An end of an index. */
export type IndexEnd = 'first' | 'last';

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function validEnd(end: IndexEnd): IndexEnd {
  return validOption('end', end, end === 'first' || end === 'last', "'first' or 'last'");
}
