import { checkOptions, validTtl } from './entry-options.ts';
import { InvalidArgumentError } from '../errors.ts';

/** What a read may say about the entry that it asks for. */
export interface GetOptions<Fallback = undefined> {
  /** What is returned when there is no such entry. @default undefined */
  fallback?: Fallback;
  /** Only an entry that was stored less than so many ms ago, more than 0; an older one stays where it is. @default any live one */
  maxAge?: number | undefined;
}

/** What a read asks for, checked. */
export interface Asked<Fallback> {
  readonly fallback: Fallback;
  readonly maxAgeMs: number | undefined;
}

/**
 * Tells options from a fallback: a plain object is options, anything else is the fallback itself.
 *
 * @throws {@link InvalidArgumentError} `ERR_DISKCACHE_OPTION` for a plain object with other names, so that one that was
 *   meant as a fallback is not passed over, or `ERR_DISKCACHE_TTL`
 */
export function askedFor<Fallback>(given: Fallback | GetOptions<Fallback>): Asked<Fallback> {
  if (!isPlainObject(given)) return { fallback: given as Fallback, maxAgeMs: undefined };
  const { fallback, maxAge } = checkedOptions(given as GetOptions<Fallback>);
  return {
    fallback: fallback as Fallback,
    maxAgeMs: maxAge === undefined ? undefined : validTtl(maxAge, 'maxAge'),
  };
}

/** The fallback alone, of a verb that knows no other option. */
export function fallbackOf<Fallback>(given: Fallback | Pick<GetOptions<Fallback>, 'fallback'>): Fallback {
  if (!isPlainObject(given)) return given as Fallback;
  return checkedOptions(given as GetOptions<Fallback>, ['fallback']).fallback as Fallback;
}

function checkedOptions<Fallback>(
  given: GetOptions<Fallback>,
  known: readonly (keyof GetOptions)[] = ['fallback', 'maxAge'],
): GetOptions<Fallback> {
  try {
    if (Object.keys(given).length === 0) throw new Error('an empty object names no option');
    return checkOptions(given, known);
  } catch (error) {
    const hint = 'a fallback that is an object has to be given as { fallback }';
    throw new InvalidArgumentError('ERR_DISKCACHE_OPTION', `${(error as Error).message} (${hint})`);
  }
}

function isPlainObject(given: unknown): given is object {
  if (typeof given !== 'object' || given === null) return false;
  const prototype: unknown = Object.getPrototypeOf(given);
  return prototype === Object.prototype || prototype === null;
}
