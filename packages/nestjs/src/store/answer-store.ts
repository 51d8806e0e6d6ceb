import { AsyncLocalStorage } from 'node:async_hooks';
import { DiskStore, type DiskStoreOptions } from '@diskcache/cache-manager';
import type { SetOptions } from '@diskcache/core';
import { expiryOfTtl, plainData } from '@diskcache/keyv';
import { Files } from '../files/files.ts';

/** cache-manager's cache, of version 5 to 7. */
export interface CacheManager {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
}

/** What is to be stored, and how. */
export interface Storable {
  /** null and undefined are not stored. */
  readonly value: unknown;
  readonly terms: SetOptions;
}

/** Asked of the set() that is called within it, which then stores nothing: the ttl that it was told. */
interface Question {
  ttl?: number | undefined;
}

const asking = new AsyncLocalStorage<Question>();

/** A DiskStore for CacheModule that also keeps the answers of DiskCacheInterceptor, which have tags and are computed once. */
export class AnswerStore extends DiskStore {
  /** Undefined where the cache knows no streams. */
  readonly files: Files | undefined;
  readonly #tagsOf: DiskStoreOptions['tags'];

  constructor(options: DiskStoreOptions) {
    super(options);
    this.files = Files.of(this.cache);
    this.#tagsOf = options.tags;
  }

  override async set(key: string, value: unknown, options?: number | SetOptions): Promise<boolean> {
    const question = asking.getStore();
    if (question === undefined) return super.set(key, value, options);
    question.ttl = typeof options === 'object' ? options.ttl : options;
    return true;
  }

  override async disconnect(): Promise<void> {
    await this.files?.giveUp();
    await super.disconnect();
  }

  /** The key that the cache has for one of this store. */
  storedKey(key: string): string {
    return this.namespace ? `${this.namespace}:${key}` : key;
  }

  /**
   * How an answer is to be stored: with the ttl that the manager of this store gives to what is set, which nobody else
   * knows, and with the tags, or those that the store has for what is set without any. Undefined when it is gone at once.
   */
  async termsBy(
    manager: CacheManager,
    answer: { key: string; body: unknown; ttl: number | undefined; tags: readonly string[] | undefined },
  ): Promise<SetOptions | undefined> {
    const { key, body } = answer;
    const question: Question = {};
    await asking.run(question, () =>
      answer.ttl === undefined ? manager.set(key, body) : manager.set(key, body, answer.ttl),
    );
    const { ttl = this.ttl } = question;
    const { expires, ...expiry } = (ttl === 0 ? undefined : expiryOfTtl(ttl)) ?? {};
    return expires === undefined ? { ...expiry, tags: answer.tags ?? this.#tagsOf?.(key, body) } : undefined;
  }

  /**
   * The value of a key; where there is none, what `make` makes, which is stored. Of all calls that come meanwhile, in all
   * processes, one makes it. What is deleted or evicted meanwhile is not stored.
   */
  async getOrMake(key: string, make: () => Promise<Storable>): Promise<unknown> {
    let terms: SetOptions = {};
    const compute = async () => {
      const made = await make();
      terms = made.terms;
      return plainData(made.value);
    };
    return this.cache.getOrSet(this.storedKey(key), compute, {
      ttl: () => terms.ttl,
      tags: () => terms.tags ?? [],
      shouldCache: (value) => value !== null,
    });
  }
}
