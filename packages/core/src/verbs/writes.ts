import type { Put, Take, Write } from '../calls/call.ts';
import type { Engine } from '../engine/engine.ts';
import type { AGAIN } from '../engine/slice.ts';
import type { PreparedValue, UnfinishedValue } from '../engine/value-layout.ts';
import {
  type EntryTerms,
  entryTerms,
  type ExpiryOptions,
  renewedExpiry,
  type SetOptions,
} from '../entry/entry-options.ts';
import { type Key, validKey } from '../entry/key.ts';

/** Makes of a value what is stored. */
export type Prepare<Value> = (key: Key, value: unknown, tags: string | null) => Value;

type PutRow = (key: Key, value: PreparedValue, terms: EntryTerms) => boolean | typeof AGAIN;

/** The verbs that change one entry: what was given is checked at once, and the work handed to who carries it out. */
export class Writes<Value extends PreparedValue | UnfinishedValue> {
  readonly #engine: Engine;
  readonly #prepare: Prepare<Value>;
  readonly #put: PutRow;
  readonly #add: PutRow;

  constructor(engine: Engine, prepare: Prepare<Value>) {
    this.#engine = engine;
    this.#prepare = prepare;
    this.#put = (key, value, terms) => engine.changes.put(key, value, terms);
    this.#add = (key, value, terms) => !engine.live.has(key) && engine.changes.put(key, value, terms);
  }

  set(key: Key, value: unknown, options: SetOptions | undefined): Put<Value> {
    return this.#store(key, value, options, this.#put);
  }

  /** Stores a value unless there is a live entry. */
  add(key: Key, value: unknown, options: SetOptions | undefined): Put<Value> {
    const put = this.#store(key, value, options, this.#add);
    const [checked] = put.concerned as readonly [Key];
    return { ...put, isInVain: () => this.#engine.live.has(checked) };
  }

  /** Renews the deadline of a live entry. @returns whether there was one */
  touch(key: Key, options: ExpiryOptions | undefined): Write<boolean> {
    const engine = this.#engine;
    const checked = validKey(key);
    const expiry = renewedExpiry(options, engine.settings, engine.now());
    return { concerned: [checked], work: () => engine.changes.touch(checked, expiry) };
  }

  /** Removes an entry. @returns whether there was a live one */
  delete(key: Key): Write<boolean> {
    const checked = validKey(key);
    return { concerned: [checked], work: () => this.#engine.changes.delete(checked) };
  }

  /** Takes an entry out, and its value with it. */
  pop(key: Key): Take {
    const checked = validKey(key);
    const { live, storage } = this.#engine;
    const pick = () => {
      const row = live.findFull(checked);
      // What is being computed for the key meanwhile is not to come back.
      if (row === undefined) storage.sql.endLeaseOf.run(checked);
      return row;
    };
    return { concerned: [checked], pick };
  }

  #store(key: Key, given: unknown, options: SetOptions | undefined, put: PutRow): Put<Value> {
    const engine = this.#engine;
    const checked = validKey(key);
    const asked = entryTerms(options, engine.settings, engine.now());
    const terms = engine.share?.called(asked) ?? asked;
    const value = this.#prepare(checked, given, terms.tags);
    const work = (finished: PreparedValue) => put(checked, finished, terms);
    return { concerned: [checked], replaced: checked, value, work };
  }
}
