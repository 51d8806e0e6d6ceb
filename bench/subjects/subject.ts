/** What the trials store: a string, a plain object, or bytes. */
export type Value = string | object;

/** What a call gives, at once or as a promise. */
export type Eventually<T> = T | Promise<T>;

/** A library as the trials use it. What is a promise is awaited, what is none is not. */
export interface Store {
  /** The value, or undefined when there is none. */
  get(key: string): Eventually<unknown>;
  /** The values in the order of the keys, undefined where there is none. */
  getMany(keys: readonly string[]): Eventually<readonly unknown[]>;
  /** The value that is there, or what `compute` makes. Left out where there is no such call. */
  getOrSet?(key: string, compute: () => Value): Eventually<unknown>;
  /** Returns, or resolves, when the value is stored as safely as it will be. */
  set(key: string, value: Value): Eventually<unknown>;
  /** Stores many entries in the fastest way there is. */
  fill(entries: readonly (readonly [key: string, value: Value])[]): Eventually<unknown>;
  close(): Eventually<unknown>;
}

/** A store that has as much as it may hold, so that each new entry costs another one its place. */
export interface FullStore extends Store {
  count(): Eventually<number>;
}

/** One library and how it is set up. */
export interface Subject {
  /** The name of its file and on the command line. */
  readonly name: string;
  readonly about: string;
  /** What has to be known to judge its numbers. */
  readonly note?: string;
  /** Left out of trials of reads, as it is no other than the floor there. */
  readonly onlyWrites?: boolean;
  /** Whether its stores have getOrSet(). */
  readonly computes?: boolean;
  /** Whether another process that opens the same directory finds what was filled in. */
  readonly isPersistent: boolean;
  open(directory: string): Eventually<Store>;
  /** Left out where nothing limits the number of entries. */
  openFull?(directory: string): Eventually<FullStore>;
}
