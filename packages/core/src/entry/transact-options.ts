import { checkOptions, given, validOption } from './entry-options.ts';
import { type Key, validKey } from './key.ts';

/** What snapshot() may be told. */
export interface SnapshotOptions {
  /**
   * The keys that the body reads: then it waits only for earlier calls of this process on these, where otherwise it waits
   * for all. What it reads of other keys may be from before calls that were not awaited. @default every key
   */
  keys?: Iterable<Key> | undefined;
}

/** What transact() may be told. */
export interface TransactOptions {
  /**
   * The keys that the body is about: then it waits only for earlier calls of this process on these, later calls on others do
   * not wait for it, and it shares its transaction with other calls, as set() does. For that it may be called again when that transaction
   * had to be taken back: it must do nothing but through `tx`. Among calls that were not awaited only the order on these keys is kept.
   *
   * @default every key, and a transaction of its own in which the body is called once
   */
  keys?: Iterable<Key> | undefined;
  /**
   * Values for the body to store: serialized when transact() is called and, where they are large, compressed and written to
   * their files off the event loop, before the lock is taken. The body gets them, ready to be stored, as its second
   * argument, in their order. What it does not store leaves nothing. @default none
   */
  values?: Iterable<unknown> | undefined;
}

/** The same, checked. */
export interface TransactTerms {
  readonly concerned: readonly Key[] | 'every key';
  readonly values: readonly unknown[];
}

/** @throws InvalidArgumentError `ERR_DISKCACHE_OPTION`, `ERR_DISKCACHE_KEY` */
export function transactTerms(
  options: TransactOptions | undefined,
  known: readonly (keyof TransactOptions)[] = ['keys', 'values'],
): TransactTerms {
  const { keys, values } = checkOptions(options, known);
  return {
    concerned: keys === undefined ? 'every key' : someKeys(given('keys', keys)),
    values: values === undefined ? [] : given('values', values),
  };
}

function someKeys(keys: readonly Key[]): readonly Key[] {
  validOption('keys', keys, keys.length > 0, 'at least one key');
  return keys.map(validKey);
}
