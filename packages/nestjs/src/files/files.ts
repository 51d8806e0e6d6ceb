import type { CacheStore, SetOptions } from '@diskcache/core';
import { StreamableFile } from '@nestjs/common';
import { FileArrival, type FileCache } from './file-arrival.ts';
import { bytesKey, type FileRecord, fileId } from './file-record.ts';

/** The answers of a store that are files. */
export class Files {
  readonly #cache: FileCache;
  readonly #arrivals = new Map<FileArrival, Promise<void>>();
  /** Of which all has been read, and which are only to be committed. */
  readonly #read = new Map<string, Promise<void>>();

  private constructor(cache: FileCache) {
    this.#cache = cache;
  }

  /** Those of a cache; undefined when it is one that knows no streams. */
  static of(cache: CacheStore): Files | undefined {
    const { setStream, getStream, transact } = cache as CacheStore & Partial<FileCache>;
    return setStream && getStream && transact ? new Files(cache as CacheStore & FileCache) : undefined;
  }

  /**
   * Begins to store a file under a key, once the record that it returns is stored there.
   *
   * @param key as the cache has it
   * @param onError is told what prevented it
   */
  arrive(
    file: StreamableFile,
    key: string,
    terms: SetOptions,
    onError: (error: unknown) => void,
  ): { sent: StreamableFile; record: FileRecord } {
    const arrival = new FileArrival(this.#cache, key, terms);
    const { sent, stored } = arrival.begin(file, () => this.#read.set(arrival.id, done));
    const done = stored.catch(onError).finally(() => {
      this.#arrivals.delete(arrival);
      this.#read.delete(arrival.id);
    });
    this.#arrivals.set(arrival, done);
    return { sent, record: arrival.record };
  }

  /** Resolves when a file is stored of which this process has read all; at once where there is no such. */
  async committed(record: FileRecord): Promise<void> {
    await this.#read.get(fileId(record));
  }

  /** What a record stands for; undefined when its bytes are not all there, or gone, with which the record goes too. */
  async open(key: string, record: FileRecord): Promise<StreamableFile | undefined> {
    if (!record.isWhole) return undefined;
    const bytes = await this.#cache.getStream(bytesKey(key, fileId(record)));
    if (bytes !== undefined) return new StreamableFile(bytes, record.options);
    await this.#cache.delete(key);
    return undefined;
  }

  /** Stores nothing more of what is still arriving. What is sent goes on. */
  async giveUp(): Promise<void> {
    for (const arrival of this.#arrivals.keys()) arrival.giveUp();
    await Promise.all(this.#arrivals.values());
  }
}
