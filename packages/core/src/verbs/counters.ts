import type { Write } from '../calls/call.ts';
import type { Engine } from '../engine/engine.ts';
import type { AGAIN } from '../engine/slice.ts';
import { checkOptions, type EntryTerms, entryTerms, type SetOptions } from '../entry/entry-options.ts';
import { type Key, validKey } from '../entry/key.ts';
import { describe, describeKey, DiskCacheError, InvalidArgumentError } from '../errors.ts';
import type { FullEntryRow } from '../storage/rows/statements.ts';

/** What incr() and decr() may say about the entry if there is no live one yet; one that is there keeps what it has. */
export interface CounterOptions<N extends number | bigint = number | bigint> extends SetOptions {
  /** What is counted from where there is no live entry. @default 0, or 0n with a bigint */
  default?: N | undefined;
}

/** A number longer than this in its stored form is no counter of anybody's. */
const LONGEST_COUNTER_BYTES = 4096;

/** The verbs that count, each in one step that no other process can come between. */
export class Counters {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @throws {@link InvalidArgumentError} when something given is wrong, DiskCacheError `ERR_DISKCACHE_NUMBER` */
  incr(
    key: Key,
    delta: number | bigint | undefined,
    options: CounterOptions | undefined,
  ): Write<number | bigint> {
    const engine = this.#engine;
    const checked = validKey(key);
    const by = validDelta('delta', delta === undefined ? 1 : delta);
    const { default: start, ...rest } = checkOptions(options, [
      'default',
      'ttl',
      'expires',
      'tags',
      'pinned',
    ]);
    const from = start === undefined ? zeroLike(by) : validDelta('default', start);
    if (typeof from !== typeof by) {
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_OPTION',
        `default must be a ${typeof by} like ${describe(by)}; given ${describe(from)}`,
      );
    }
    const terms = entryTerms(options === undefined ? undefined : rest, engine.settings, engine.now());
    return { concerned: [checked], work: () => this.#add(checked, from, by, terms) };
  }

  decr(
    key: Key,
    delta: number | bigint | undefined,
    options: CounterOptions | undefined,
  ): Write<number | bigint> {
    return this.incr(key, -validDelta('delta', delta === undefined ? 1 : delta), options);
  }

  #add(
    key: Key,
    from: number | bigint,
    by: number | bigint,
    terms: EntryTerms,
  ): number | bigint | typeof AGAIN {
    const engine = this.#engine;
    const row = engine.live.findFull(key);
    const value = row && this.#valueOf(key, row);
    const result = sum(key, value === undefined ? from : value, by);
    const kept = row === undefined || value === undefined ? terms : engine.live.termsOf(row);
    const put = engine.changes.put(key, engine.values.prepareInRow(key, result, kept.tags), kept);
    return typeof put === 'symbol' ? put : result;
  }

  /** Undefined when its file cannot be handed out, so that there is no entry any more. */
  #valueOf(key: Key, row: FullEntryRow): unknown {
    const { values, storage } = this.#engine;
    if (row.file === null) return values.decode(key, row);
    if (row.size > LONGEST_COUNTER_BYTES) throw holdsAnother(key, `${row.size} bytes`);
    const content = values.verified(row, storage.files.readSync(row.file, row.size));
    if (Buffer.isBuffer(content)) return values.decode(key, row, content);
    this.#engine.broken.removeEntry(key, row.file, content);
    return undefined;
  }
}

/** Exact, or an error. */
function sum(key: Key, value: unknown, by: number | bigint): number | bigint {
  if (typeof value === 'bigint' && typeof by === 'bigint') return value + by;
  if (typeof value !== 'number' || typeof by !== 'number') throw notANumberLike(key, value, by);
  const result = value + by;
  const areWhole = Number.isInteger(value) && Number.isInteger(by);
  if (Number.isFinite(result) && (!areWhole || Number.isSafeInteger(result))) return result;
  throw new DiskCacheError(
    'ERR_DISKCACHE_NUMBER',
    `${value} + ${by} of key ${describeKey(key)} is no number that can be kept exactly; count with bigints`,
  );
}

function notANumberLike(key: Key, value: unknown, by: number | bigint): DiskCacheError {
  return holdsAnother(key, describe(value), `not a ${typeof by} like ${describe(by)}`);
}

function holdsAnother(key: Key, held: string, wanted = 'not a number'): DiskCacheError {
  return new DiskCacheError('ERR_DISKCACHE_NUMBER', `key ${describeKey(key)} holds ${held}, ${wanted}`);
}

function zeroLike(delta: number | bigint): number | bigint {
  return typeof delta === 'bigint' ? 0n : 0;
}

function validDelta(name: string, given: unknown): number | bigint {
  if (typeof given === 'bigint') return given;
  const isExact = typeof given === 'number' && (Number.isSafeInteger(given) || !Number.isInteger(given));
  if (isExact && Number.isFinite(given)) return given;
  throw new InvalidArgumentError(
    'ERR_DISKCACHE_OPTION',
    `${name} must be a finite number, exact if it is whole, or a bigint; given ${describe(given)}`,
  );
}
