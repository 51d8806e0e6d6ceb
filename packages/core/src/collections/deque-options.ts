import { checkOptions, validOption } from '../entry/entry-options.ts';
import { checkedPatience, type Patience, type WaitOptions } from '../waiting/wait-options.ts';

/** How a deque is used. All processes should say the same of one name. */
export interface DequeOptions {
  /**
   * Most items, a whole number from 0 up: who adds more pushes as many out at the other end, in the same transaction. What
   * there is beyond it when the deque is opened goes with the next item that is added. @default no limit
   */
  maxLength?: number | undefined;
}

/** How pop() and popLeft() wait for an item. */
export interface PopOptions extends WaitOptions {
  /** Whether to wait until there is an item. @default false */
  wait?: boolean | undefined;
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function maxLengthOf(options: DequeOptions | undefined): number {
  const { maxLength = Infinity } = checkOptions(options, ['maxLength']);
  const isRight =
    typeof maxLength === 'number' &&
    maxLength >= 0 &&
    (Number.isInteger(maxLength) || maxLength === Infinity);
  return validOption('maxLength', maxLength, isRight, 'a whole number from 0 up, or Infinity');
}

/** How long to wait; undefined for not at all. @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function popPatience(options: PopOptions | undefined): Patience | undefined {
  const { wait = false, ...rest } = checkOptions(options, ['wait', 'timeout', 'signal']);
  validOption('wait', wait, typeof wait === 'boolean', 'true or false');
  const patience = checkedPatience(rest);
  if (wait) return patience;
  const isUnused = patience.timeoutMs === undefined && patience.signal === undefined;
  validOption('wait', wait, isUnused, 'true where timeout or signal is given');
  return undefined;
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` */
export function validWhole(name: string, given: number): number {
  return validOption(name, given, Number.isSafeInteger(given), 'a whole number');
}
