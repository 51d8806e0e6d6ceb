import {
  type CacheStats,
  type Entry,
  type ExpiryOptions,
  InvalidArgumentError,
  type SetOptions,
} from '@diskcache/core';
import { CacheView } from './cache-view.ts';
import { CAPABILITIES, type Capabilities } from './capabilities.ts';
import { expiryOfDeadline, expiryOfTtl } from './expiry.ts';
import { KeyNames } from './key-names.ts';
import { type Envelope, textOfEnvelope } from './keyv-text.ts';
import { assertOption, assertOptions, isTextOrNone } from './misuse.ts';
import type { CacheSource } from './opened-cache.ts';
import { deadlineIn, envelopeOf, handedOver, storedForm, valueIn } from './stored-form.ts';
import type { Tags } from './tags.ts';

/** Where a KeyvDiskStore keeps its entries, and how Keyv speaks to it. */
export type KeyvDiskStoreOptions = CacheSource & {
  /**
   * The namespace under Keyv 6 until a Keyv sets its own. Keyv 4 and 5 always set theirs.
   *
   * @default none
   */
  namespace?: string | undefined;
  /**
   * The tags of what is set: the same for all, or told from key (without namespace) and value. With Keyv's serializer on the
   * value is what JSON makes of it, and undefined where Keyv compresses or encrypts. withTags() is for single entries.
   *
   * @default none
   */
  tags?: Tags | undefined;
  /**
   * Which entries are never evicted to make room, told from the key (without namespace): for what is no cached copy of
   * something else. They have to fit into the limits together, so let them expire.
   *
   * @default none
   */
  pinned?: ((key: string) => boolean) | undefined;
  /**
   * Whether the Keyv has its serializer on, and so hands over and wants text; createKeyv() turns it off. Only to be said
   * for a Keyv without serializer that is to read, before it has set anything, what one with serializer has set.
   *
   * @default true, until a Keyv hands over something else
   */
  keyvSerializer?: boolean | undefined;
  /**
   * Whose calls these are: 5 means Keyv 4 or 5 (prefixed keys, a relative ttl), 6 means Keyv 6 (bare keys, an absolute
   * deadline). 'auto' is 5 until a Keyv 6 asks for `capabilities`, which only that one does. Set it when you call the
   * store's methods yourself.
   *
   * @default 'auto'
   */
  contract?: 'auto' | 5 | 6 | undefined;
};

const OWN_OPTIONS = ['namespace', 'tags', 'pinned', 'keyvSerializer', 'contract'];

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
 * evict(), deletePrefix(), keys(), getOrSet() and stats() are for you, and take keys without the namespace. The other
 * methods are Keyv's to call. What is given to set() comes back from get() as it was; stored-form.ts tells how.
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
export class KeyvDiskStore extends CacheView {
  readonly #adapts: 'auto' | 5 | 6;
  #contract: 5 | 6;
  #names: KeyNames;
  /** How many 'error' listeners there were when a Keyv last set the namespace: each Keyv adds one before it does. */
  #listenersThen = 0;
  /** How many there were when the first Keyv 6 asked for `capabilities`. */
  #listenersBefore: number | undefined;
  #isAdopted = false;
  #hasWarned = false;
  #hasSerializer: boolean;
  readonly #isPinned: ((key: string) => boolean) | undefined;

  /** @throws InvalidArgumentError when an option is wrong, and what DiskCache throws */
  constructor(options: KeyvDiskStoreOptions) {
    assertOptions(options, OWN_OPTIONS);
    const { namespace, tags, pinned, keyvSerializer = true, contract = 'auto', ...source } = options;
    assertOption('namespace', namespace, isTextOrNone(namespace), 'a string');
    const isRule = pinned === undefined || typeof pinned === 'function';
    assertOption('pinned', pinned, isRule, 'a function of a key');
    assertOption('keyvSerializer', keyvSerializer, typeof keyvSerializer === 'boolean', 'true or false');
    assertOption('contract', contract, ['auto', 5, 6].includes(contract), "'auto', 5 or 6");
    super(source as CacheSource, tags);
    this.#adapts = contract;
    this.#contract = contract === 6 ? 6 : 5;
    this.#names = new KeyNames(namespace);
    this.#hasSerializer = keyvSerializer;
    this.#isPinned = pinned;
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
    this.#listenersBefore ??= this.listenerCount('error');
    return CAPABILITIES;
  }

  get namespace(): string | undefined {
    return this.#names.namespace;
  }

  /** Set by Keyv. */
  set namespace(namespace: string | undefined) {
    assertOption('namespace', namespace, isTextOrNone(namespace), 'a string');
    const listeners = this.listenerCount('error');
    if (listeners > this.#listenersThen) {
      // A Keyv 6 without a namespace has set none.
      const isShared = this.#isAdopted || listeners > (this.#listenersBefore ?? listeners) + 1;
      if (isShared && namespace !== this.namespace) this.#warnShared(namespace);
      this.#isAdopted = true;
    }
    this.#listenersThen = listeners;
    this.#names = new KeyNames(namespace);
  }

  async get<Given = unknown>(key: string): Promise<Given | undefined>;
  async get<Given = unknown>(key: string, options?: { raw?: boolean }): Promise<Given | undefined> {
    if (options?.raw === true) this.#refuseManager();
    try {
      const entry = await this.cache.entry(this.#stored(key));
      return entry && (this.#handedOver(entry) as Given);
    } catch (error) {
      // Keyv 5 takes a get() that fails for a miss, without a word. The others tell it themselves.
      if (this.#contract === 5 && this.#isAdopted) this.report(error);
      throw error;
    }
  }

  async getMany<Given = unknown>(keys: string[]): Promise<(Given | undefined)[]> {
    const entries = await this.cache.entryMany(keys.map((key) => this.#stored(key)));
    return entries.map((entry) => entry && (this.#handedOver(entry) as Given));
  }

  async has(key: string): Promise<boolean> {
    return this.cache.has(this.#stored(key));
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return this.cache.hasMany(keys.map((key) => this.#stored(key)));
  }

  /** @param lifetime a ttl under Keyv 4 and 5, a deadline under Keyv 6 */
  async set(key: string, value: unknown, lifetime?: number): Promise<boolean> {
    const terms = this.#terms(key, value, lifetime);
    await this.cache.set(this.#stored(key), this.#storedForm(value), terms);
    return true;
  }

  /**
   * In one transaction, as long as they are no more than 1,024 and take no more than 5 ms. When one is refused, nothing is
   * stored; when one fails later, as by a full disk, the others may have been.
   */
  async setMany(entries: KeyvDiskStoreEntry[]): Promise<boolean[]>;
  async setMany(entries: KeyvDiskStoreEntry[]): Promise<void>;
  async setMany(entries: KeyvDiskStoreEntry[]): Promise<boolean[] | void> {
    await this.cache.setMany(
      entries.map(({ key, value, ttl, expires }) => {
        const lifetime = this.#contract === 6 ? expires : ttl;
        const terms = this.#terms(key, value, lifetime);
        return [this.#stored(key), this.#storedForm(value), terms];
      }),
    );
    return entries.map(() => true);
  }

  async delete(key: string): Promise<boolean> {
    return this.cache.delete(this.#stored(key));
  }

  /**
   * In as few transactions as setMany() takes.
   *
   * @returns whether all were there under Keyv 4 and 5; under Keyv 6 whether each was
   */
  async deleteMany(keys: string[]): Promise<boolean>;
  async deleteMany(keys: string[]): Promise<boolean[]>;
  async deleteMany(keys: string[]): Promise<boolean | boolean[]> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return this.#contract === 6 ? deleted : deleted.every(Boolean);
  }

  /**
   * Removes the entries of the namespace; without one, all entries of the cache.
   *
   * @param namespace from those who do not set it, as @keyvhq/core
   */
  async clear(namespace = this.namespace): Promise<void> {
    const { prefix } = this.#namesOf(namespace);
    if (prefix !== '') await this.cache.deletePrefix(prefix);
    else await this.cache.clear();
  }

  /** The entries of the namespace with the keys that Keyv gave: with prefix from Keyv 4 and 5, without from Keyv 6. */
  async *iterator<Given = unknown>(namespace = this.namespace): AsyncGenerator<[string, Given], void> {
    const names = this.#namesOf(namespace);
    for await (const entry of this.cache.entries({ prefix: names.prefix })) {
      const inCache = entry.key as string;
      const key = this.#contract === 6 ? names.known(inCache) : names.ofKeyv5(inCache);
      const stored = this.#handedOver(entry);
      // Unlike get(), the iterator of Keyv 4 and 5 deserializes whatever it gets.
      const isLeftToKeyv = typeof stored === 'string' || !this.#isAdopted || this.#contract === 6;
      const wanted = isLeftToKeyv || !this.#hasSerializer ? stored : textOfEnvelope(stored as Envelope, key);
      yield [key, wanted as Given];
    }
  }

  /**
   * Resolves to what the cache holds, all namespaces together, and to what this process did with it since it opened it.
   *
   * @example
   * ```ts
   * const { count, size, hits, misses } = await store.stats();
   * ```
   */
  async stats(): Promise<CacheStats> {
    return this.cache.stats();
  }

  protected override get prefix(): string {
    return this.#names.prefix;
  }

  protected override encoded(value: unknown): unknown {
    return storedForm({ value, expires: undefined });
  }

  protected override decoded(value: unknown, key: string): unknown {
    return (envelopeOf({ key, value, expires: undefined }) as Envelope).value;
  }

  get #isInUse(): boolean {
    return this.#isAdopted || this.#contract === 6;
  }

  #handedOver(entry: Entry): unknown {
    return this.#hasSerializer ? handedOver(entry) : envelopeOf(entry);
  }

  #storedForm(value: unknown): unknown {
    if (typeof value !== 'string' && this.#isInUse) this.#hasSerializer = false;
    return storedForm(value);
  }

  #terms(key: string, value: unknown, lifetime: number | undefined): SetOptions | undefined {
    const expiry = this.#expiry(value, lifetime);
    const name = this.#contract === 6 ? key : this.#names.knownOfKeyv5(key);
    const tags = this.tagsFor(name, () => valueIn(value, name));
    const isPinned = this.#isPinned?.(name) === true;
    return tags === undefined && !isPinned ? expiry : { ...expiry, tags, pinned: isPinned };
  }

  #expiry(value: unknown, lifetime: number | undefined): ExpiryOptions | undefined {
    if (this.#contract === 5) return expiryOfTtl(lifetime);
    if (this.#adapts === 'auto' && lifetime !== undefined && isTtlOf(value, lifetime)) {
      throw new InvalidArgumentError(
        'ERR_DISKCACHE_TTL',
        `${lifetime} must be a ttl, but this KeyvDiskStore works for a Keyv 6, which gives deadlines: ` +
          'give each Keyv a store of its own, new KeyvDiskStore({ cache })',
      );
    }
    return expiryOfDeadline(lifetime);
  }

  #stored(key: string): string {
    return this.#contract === 6 ? this.#names.stored(key) : this.#names.storedByKeyv5(key);
  }

  /** The own, or those of a namespace that was never set, whose keys are as they were given. */
  #namesOf(namespace: string | undefined): Pick<KeyNames, 'prefix' | 'known' | 'ofKeyv5'> {
    if (namespace === this.namespace) return this.#names;
    const prefix = namespace ? `${namespace}:` : '';
    return { prefix, known: (key) => key.slice(prefix.length), ofKeyv5: (key) => key };
  }

  /** wrap() of cache-manager keeps to itself what a store throws. */
  #refuseManager(): never {
    const error = new InvalidArgumentError(
      'ERR_DISKCACHE_OPTION',
      'a KeyvDiskStore is for a Keyv, and cache-manager calls it differently: ' +
        'give it createDiskStore(…) of @diskcache/cache-manager, or createKeyv(…)',
    );
    this.report(error);
    throw error;
  }

  #warnShared(namespace: string | undefined): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      `one KeyvDiskStore was given to Keyvs with the namespaces ${named(this.namespace)} and ${named(namespace)}. ` +
        `${this.#contract === 6 ? 'All calls' : 'clear() and iterator()'} now work on ${named(namespace)} from both. ` +
        'Give each Keyv a store of its own, new KeyvDiskStore({ cache })',
      { type: 'DiskCacheWarning', code: 'DISKCACHE_SHARED_STORE' },
    );
  }
}

function named(namespace: string | undefined): string {
  return namespace === undefined ? '(none)' : `'${namespace}'`;
}

/** Whether a number is no deadline: too early for one, and not the one that is told beside the value, as Keyv 6 does. */
function isTtlOf(given: unknown, lifetime: number): boolean {
  if (lifetime <= 0 || lifetime >= NO_DEADLINE_BEFORE) return false;
  const told = deadlineIn(given);
  return told === undefined || Math.ceil(told) !== lifetime;
}
