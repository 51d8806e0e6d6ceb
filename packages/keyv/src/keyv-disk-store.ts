import { type CacheStore, type ExpiryOptions, InvalidArgumentError } from '@diskcache/core';
import { CAPABILITIES, type Capabilities } from './capabilities.ts';
import { expiryOfDeadline, expiryOfTtl } from './expiry.ts';
import { assertOption, isTextOrNone, stringKey } from './misuse.ts';
import { type CacheSource, openCache, type OpenedCache } from './opened-cache.ts';
import { StoreEvents } from './store-events.ts';
import { handedOver, storedForm } from './stored-form.ts';

/** Where a KeyvDiskStore keeps its entries, and how Keyv speaks to it. */
export type KeyvDiskStoreOptions = CacheSource & {
  /**
   * The namespace under Keyv 6 until a Keyv sets its own. Keyv 4 and 5 always set theirs.
   *
   * @default none
   */
  namespace?: string | undefined;
  /**
   * Whose calls these are: 5 means Keyv 4 or 5 (prefixed keys, a relative ttl), 6 means Keyv 6 (bare keys, an absolute
   * deadline). 'auto' is 5 until a Keyv 6 asks for `capabilities`, which only that one does. Set it when you call the
   * store's methods yourself.
   *
   * @default 'auto'
   */
  contract?: 'auto' | 5 | 6 | undefined;
};

/** Ms since the epoch, in 1973. As a ttl it would be three years. */
const NO_DEADLINE_BEFORE = 1e11;

/** One of setMany(): Keyv 4 and 5 give a `ttl`, Keyv 6 gives `expires`. */
export interface KeyvDiskStoreEntry {
  key: string;
  value: unknown;
  ttl?: number | undefined;
  expires?: number | undefined;
}

/**
 * A storage adapter for Keyv 4, 5 and 6 that keeps entries in a DiskCache. Under all of them the key in the cache is
 * `namespace:key`, so a directory written through one is read through the others.
 *
 * Give each Keyv a store of its own. They are cheap: any number can share one open cache.
 *
 * Its methods are Keyv's to call. What is given to set() comes back from get() as it was; stored-form.ts tells how.
 *
 * @example
 * ```ts
 * import { DiskCache } from '@diskcache/core';
 * import { KeyvDiskStore } from '@diskcache/keyv';
 * import Keyv from 'keyv';
 *
 * const cache = new DiskCache('./cache');
 * const users = new Keyv({ store: new KeyvDiskStore({ cache }), namespace: 'users' });
 * const pages = new Keyv({ store: new KeyvDiskStore({ cache }), namespace: 'pages' });
 * await users.set('ada', { born: 1815 });
 * await pages.clear();
 * console.log(await users.get('ada')); // { born: 1815 }
 * await cache.close();
 * ```
 */
export class KeyvDiskStore extends StoreEvents {
  /** Keyv 4 and 5 give an iterator only to stores whose `dialect` they know. */
  readonly opts: Record<string, unknown> = { dialect: 'sqlite' };
  readonly #opened: OpenedCache;
  readonly #adapts: 'auto' | 5 | 6;
  #contract: 5 | 6;
  #namespace: string | undefined;
  /** How many 'error' listeners there were when a Keyv last set the namespace: each Keyv adds one before it does. */
  #listenersThen = 0;
  #isAdopted = false;
  #hasWarned = false;

  /** @throws InvalidArgumentError when an option is wrong, and what DiskCache throws */
  constructor(
    { namespace, contract = 'auto', ...source }: KeyvDiskStoreOptions = {} as KeyvDiskStoreOptions,
  ) {
    super();
    assertOption(isTextOrNone(namespace), 'namespace', 'a string');
    assertOption(['auto', 5, 6].includes(contract), 'contract', "'auto', 5 or 6");
    this.#adapts = contract;
    this.#contract = contract === 6 ? 6 : 5;
    this.#namespace = namespace;
    this.#opened = openCache(source as CacheSource, (error) => this.#reportFromBackground(error));
  }

  /** The cache with all it can do: stats(), evict(tag), touch(), … Its keys are `namespace:key`. */
  get cache(): CacheStore {
    return this.#opened.cache;
  }

  /**
   * Tells Keyv 6 that deadlines are kept here. To be asked is also how the store knows a Keyv 6 from an older one.
   *
   * @throws InvalidArgumentError `ERR_DISKCACHE_OPTION` when the store already works for a Keyv 4 or 5
   */
  get capabilities(): Capabilities {
    if (this.#contract === 5 && (this.#adapts === 5 || this.#isAdopted)) {
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_OPTION',
        'this KeyvDiskStore works for a Keyv 4 or 5, and Keyv 6 calls it differently: ' +
          'give each Keyv a store of its own, new KeyvDiskStore({ cache })',
      );
    }
    this.#contract = 6;
    return CAPABILITIES;
  }

  get namespace(): string | undefined {
    return this.#namespace;
  }

  /** Set by Keyv. */
  set namespace(namespace: string | undefined) {
    const listeners = this.listenerCount('error');
    if (listeners > this.#listenersThen) {
      if (this.#isAdopted && namespace !== this.#namespace) this.#warnShared(namespace);
      this.#isAdopted = true;
    }
    this.#listenersThen = listeners;
    this.#namespace = namespace;
  }

  async get<Given = unknown>(key: string): Promise<Given | undefined> {
    try {
      const entry = await this.cache.entry(this.#stored(key));
      return entry && (handedOver(entry) as Given);
    } catch (error) {
      // Keyv 5 takes a get() that fails for a miss, without a word. The others tell it themselves.
      if (this.#contract === 5) this.#report(error);
      throw error;
    }
  }

  async getMany<Given = unknown>(keys: string[]): Promise<(Given | undefined)[]> {
    const entries = await this.cache.entryMany(keys.map((key) => this.#stored(key)));
    return entries.map((entry) => entry && (handedOver(entry) as Given));
  }

  async has(key: string): Promise<boolean> {
    return this.cache.has(this.#stored(key));
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }

  /** @param lifetime a ttl under Keyv 4 and 5, a deadline under Keyv 6 */
  async set(key: string, value: unknown, lifetime?: number): Promise<boolean> {
    await this.cache.set(this.#stored(key), storedForm(value), this.#expiry(lifetime));
    return true;
  }

  async setMany(entries: KeyvDiskStoreEntry[]): Promise<boolean[]>;
  async setMany(entries: KeyvDiskStoreEntry[]): Promise<void>;
  async setMany(entries: KeyvDiskStoreEntry[]): Promise<boolean[] | void> {
    return Promise.all(
      entries.map(({ key, value, ttl, expires }) =>
        this.set(key, value, this.#contract === 6 ? expires : ttl),
      ),
    );
  }

  async delete(key: string): Promise<boolean> {
    return this.cache.delete(this.#stored(key));
  }

  /** @returns whether all were there under Keyv 4 and 5; under Keyv 6 whether each was */
  async deleteMany(keys: string[]): Promise<boolean>;
  async deleteMany(keys: string[]): Promise<boolean[]>;
  async deleteMany(keys: string[]): Promise<boolean | boolean[]> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return this.#contract === 6 ? deleted : deleted.every(Boolean);
  }

  /** Removes the entries of the namespace; without one, all entries of the cache. */
  async clear(): Promise<void> {
    if (this.#namespace) await this.cache.deletePrefix(`${this.#namespace}:`);
    else await this.cache.clear();
  }

  /** The entries of the namespace with the keys that Keyv gave: with prefix from Keyv 4 and 5, without from Keyv 6. */
  async *iterator<Given = unknown>(namespace = this.#namespace): AsyncGenerator<[string, Given], void> {
    const prefix = namespace ? `${namespace}:` : '';
    const unnamed = this.#contract === 6 ? prefix.length : 0;
    for await (const entry of this.cache.entries({ prefix })) {
      yield [(entry.key as string).slice(unnamed), handedOver(entry) as Given];
    }
  }

  /** Closes the cache if this store opened it, else nothing: a shared cache is closed by whoever opened it. */
  async disconnect(): Promise<void> {
    await this.#opened.close();
  }

  #expiry(lifetime: number | undefined): ExpiryOptions | undefined {
    if (this.#contract === 5) return expiryOfTtl(lifetime);
    if (this.#adapts === 'auto' && lifetime !== undefined && lifetime > 0 && lifetime < NO_DEADLINE_BEFORE) {
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_TTL',
        `${lifetime} must be a ttl, but this KeyvDiskStore works for a Keyv 6, which gives deadlines: ` +
          'give each Keyv a store of its own, new KeyvDiskStore({ cache })',
      );
    }
    return expiryOfDeadline(lifetime);
  }

  #stored(key: string): string {
    const named = this.#contract === 6 && this.#namespace;
    return named ? `${named}:${stringKey(key)}` : stringKey(key);
  }

  /** Tells those who listen. Each Keyv does, and Keyv 4 and 6 throw what nobody listens to there. */
  #report(error: unknown): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  /** No call is there to reject, so what nobody hears becomes a warning of the process. */
  #reportFromBackground(error: Error): void {
    try {
      if (this.listenerCount('error') === 0) process.emitWarning(error);
      else this.emit('error', error);
    } catch {
      process.emitWarning(error);
    }
  }

  #warnShared(namespace: string | undefined): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      `one KeyvDiskStore was given to Keyvs with the namespaces ${named(this.#namespace)} and ${named(namespace)}. ` +
        `clear() and iterator() now work on ${named(namespace)} from both. ` +
        'Give each Keyv a store of its own, new KeyvDiskStore({ cache })',
      { type: 'DiskCacheWarning', code: 'DISKCACHE_SHARED_STORE' },
    );
  }
}

function named(namespace: string | undefined): string {
  return namespace === undefined ? '(none)' : `'${namespace}'`;
}
