import { AsyncLocalStorage } from 'node:async_hooks';
import { DiskStore, type DiskStoreOptions } from '@diskcache/cache-manager';
import { InvalidArgumentError, type SetOptions } from '@diskcache/core';
import { expiryOfTtl, ToldFailures } from '@diskcache/keyv';
import { Logger } from '@nestjs/common';
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

/** Asked of the first set() of a key that is called within it, which then stores nothing: the ttl that it was told. */
interface Question {
  readonly key: string;
  isAnswered: boolean;
  ttl?: number | undefined;
}

const asking = new AsyncLocalStorage<Question>();

/** For so long a request waits for the answer of another; that it is being made for longer may mean that it never ends. */
const LONGEST_WAIT_MS = 30_000;

/** A DiskStore for CacheModule that also keeps the answers of DiskCacheInterceptor, which have tags and are computed once. */
export class AnswerStore extends DiskStore {
  /** Undefined where the cache knows no streams. */
  readonly files: Files | undefined;
  readonly #logged = new ToldFailures();

  constructor(options: DiskStoreOptions) {
    super(options);
    this.files = Files.of(this.cache);
  }

  override async set(key: string, value: unknown, options?: number | SetOptions): Promise<boolean> {
    const question = asking.getStore();
    if (question?.key !== key || question.isAnswered) return super.set(key, value, options);
    question.isAnswered = true;
    question.ttl = typeof options === 'object' ? options.ttl : options;
    return true;
  }

  override async disconnect(): Promise<void> {
    await this.files?.giveUp();
    await super.disconnect();
  }

  /** The key that the cache has for one of this store. */
  storedKey(key: string): string {
    return this.prefix + key;
  }

  /** Tells why an answer of a route is not stored, or not found. */
  fails(error: unknown, route: string): void {
    // Of the cache's own trouble one line is enough, whatever route comes upon it.
    this.report(error, isOfTheAnswer(error) ? route : undefined);
  }

  /** By 'error', or where nobody listens by the log, once for each code and message, and each route where it is one's. */
  protected override report(error: unknown, route?: string): void {
    if (this.listenerCount('error') > 0) return super.report(error);
    const say = (failure: Error | string) => {
      if (typeof failure === 'string') return Logger.error(failure, 'DiskCache');
      const {
        code = 'failure',
        detail,
        message,
        stack,
      } = failure as NodeJS.ErrnoException & { detail?: string };
      const where = route === undefined ? '' : `${route}: `;
      Logger.error(
        `${where}${message}${detail === undefined ? '' : `, ${detail}`}. What needs it goes on without the cache; this ${code} is logged once`,
        stack,
        'DiskCache',
      );
    };
    this.#logged.tell(error, say, route);
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
    const question: Question = { key, isAnswered: false };
    await asking.run(question, () =>
      answer.ttl === undefined ? manager.set(key, body) : manager.set(key, body, answer.ttl),
    );
    const { ttl = this.ttl } = question;
    const { expires, ...expiry } = (ttl === 0 ? undefined : expiryOfTtl(ttl)) ?? {};
    return expires === undefined
      ? { ...expiry, tags: answer.tags ?? this.tagsFor(key, () => body) }
      : undefined;
  }

  /**
   * The value of a key; where there is none, what `make` makes, which is stored. Of all calls that come meanwhile, in all
   * processes, one makes it. What is deleted or evicted meanwhile is not stored.
   *
   * @throws TimeoutError when it is not made within 30 s; `make` goes on
   */
  async getOrMake(key: string, make: () => Promise<Storable>): Promise<unknown> {
    let terms: SetOptions = {};
    const compute = async () => {
      const made = await make();
      terms = made.terms;
      return made.value;
    };
    return this.getOrSet(key, compute, {
      ttl: () => terms.ttl,
      tags: () => terms.tags ?? [],
      shouldCache: (value) => value !== null,
      timeout: LONGEST_WAIT_MS,
    });
  }
}

function isOfTheAnswer(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof InvalidArgumentError || code === 'ERR_DISKCACHE_TOO_LARGE';
}
