import { type ComputeTerms, computeTerms, type GetOrSetOptions } from '../compute/compute-options.ts';
import { type MemoizeKeyOptions, type MemoizePlan, memoizePlan } from '../compute/memoize.ts';
import { checkOptions } from '../entry/entry-options.ts';

/** How Index.memoize() computes: as DiskCache.memoize() does, but for what is about entries that expire. */
export interface IndexMemoizeOptions<Args extends unknown[] = unknown[]>
  extends Pick<GetOrSetOptions, 'timeout' | 'signal' | 'lease' | 'errorTtl'>, MemoizeKeyOptions<Args> {}

/**
 * Checks what memoize() was given.
 *
 * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`
 */
export function indexMemoizePlan(
  fn: unknown,
  options: IndexMemoizeOptions<never> | undefined,
): MemoizePlan & { readonly computing: GetOrSetOptions } {
  const {
    name: _,
    key: __,
    ...computing
  } = checkOptions(options, ['timeout', 'signal', 'lease', 'errorTtl', 'name', 'key']);
  const termsOf = (): ComputeTerms => computeTerms(computing);
  return { ...memoizePlan(fn, options, termsOf), computing };
}
