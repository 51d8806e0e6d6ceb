import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { DiskCache, DiskCacheSync, SetOptions } from '@diskcache/core';
import { StreamableFile } from '@nestjs/common';
import { arrivingFile, bytesKey, type FileRecord, fileId, isFileRecord } from './file-record.ts';
import { twoWays } from './two-ways.ts';

/** What a cache has to have for files, beside what CacheStore says. DiskCache has it. */
export type FileCache = Pick<DiskCache, 'setStream' | 'getStream' | 'transact' | 'delete' | 'evict'>;

/** How long others believe that bytes arrive, without a sign of it. */
export const ARRIVAL_TTL_MS = 60_000;
const SIGN_EVERY_MS = 20_000;

/**
 * A file that is stored while it is sent. Others see it when all of it is there, and only if its record still is the one that
 * was stored when it began: if that was evicted or deleted meanwhile, the bytes go too.
 *
 * It is sent all the same, but not stored any more, when nothing of it was taken for 20 seconds or more: who reads that
 * slowly must not keep it open.
 */
export class FileArrival {
  /** To be stored under the key by whoever begins this, for ARRIVAL_TTL_MS. */
  readonly record: FileRecord = arrivingFile(randomUUID());
  readonly #cache: FileCache;
  readonly #key: string;
  readonly #terms: SetOptions;
  readonly #givenUp = new AbortController();
  #bytes = 0;

  /** @param key as the cache has it */
  constructor(cache: FileCache, key: string, terms: SetOptions) {
    this.#cache = cache;
    this.#key = key;
    this.#terms = terms;
  }

  get id(): string {
    return fileId(this.record);
  }

  giveUp(): void {
    this.#givenUp.abort(new Error('the file is not to be stored any more'));
  }

  /**
   * Begins to store a file.
   *
   * @param onRead is called when all of it has been read
   * @returns what to send in its place, and what resolves when it is stored or rejects with what prevented that
   */
  begin(file: StreamableFile, onRead: () => void): { sent: StreamableFile; stored: Promise<void> } {
    const { out, copy } = twoWays(file.getStream(), (count) => (this.#bytes += count));
    copy.once('end', onRead);
    const sent = new StreamableFile(out, file.options);
    sent.setErrorHandler(file.errorHandler).setErrorLogger(file.errorLogger);
    return { sent, stored: this.#store(copy, file.options) };
  }

  async #store(source: Readable, options: StreamableFile['options']): Promise<void> {
    const bytes = bytesKey(this.#key, this.id);
    const ofThisKey = `${this.#key}#file`;
    const { ttl, tags = [] } = this.#terms;
    const terms = { ttl, tags: [...tags, ofThisKey], size: options.length, signal: this.#givenUp.signal };
    const stopSigns = this.#giveSigns();
    let isSeen = false;
    try {
      // What an earlier file has left whose record was deleted by its key.
      const cleared = this.#cache.evict(ofThisKey);
      await Promise.all([cleared, this.#cache.setStream(bytes, source, terms)]);
      const whole = { ...this.record, isWhole: true, options: { ...options, length: this.#bytes } };
      isSeen = await this.#whileOurs((tx) => tx.set(this.#key, whole, this.#terms));
    } finally {
      stopSigns();
      if (!isSeen) {
        this.giveUp();
        await this.#whileOurs((tx) => tx.delete(this.#key));
        await this.#cache.delete(bytes);
      }
    }
  }

  /** Does something with the record if it still is this one's. @returns whether it was */
  async #whileOurs(work: (tx: DiskCacheSync) => unknown): Promise<boolean> {
    return this.#cache.transact(
      (tx) => {
        const present = tx.get(this.#key);
        const isOurs = isFileRecord(present) && fileId(present) === this.id;
        if (isOurs) work(tx);
        return isOurs;
      },
      { keys: [this.#key] },
    );
  }

  /** Lets the record live on as long as bytes arrive; else gives up, or when the record is gone. */
  #giveSigns(): () => void {
    let before = -1;
    const sign = async () => {
      const isMoving = this.#bytes > before;
      before = this.#bytes;
      const goOn = isMoving && (await this.#whileOurs((tx) => tx.touch(this.#key, { ttl: ARRIVAL_TTL_MS })));
      if (!goOn) this.giveUp();
    };
    const timer = setInterval(() => void sign().catch(() => this.giveUp()), SIGN_EVERY_MS);
    timer.unref();
    return () => clearInterval(timer);
  }
}
