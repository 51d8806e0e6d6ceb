import type { DiskCacheOptions, Key, Side } from '@diskcache/core';
import { type Lifetime, type PinnableTerms, QUEUE, type Selection, type Step } from './steps.ts';

interface PlainEntry {
  readonly key: Key;
  readonly value: unknown;
  readonly expires: number | undefined;
  /** How far a use may move that; undefined where it does not move. */
  readonly deadline: number | undefined;
  readonly isPinned: boolean;
  readonly tags: readonly string[];
  readonly stored: number;
  /** Until when it is handed out. */
  readonly leasedUntil: number;
}

/** The last moment that a Date can tell. */
const LATEST = 8.64e15;

/** What a cache without limits does, in memory and as simply as can be. */
export class PlainCache {
  #entries: PlainEntry[] = [];
  #now: number;
  readonly #ttl: number | undefined;
  readonly #maxIdle: number | undefined;

  constructor(now: number, { ttl, maxIdle }: Pick<DiskCacheOptions, 'ttl' | 'maxIdle'> = {}) {
    this.#now = now;
    this.#ttl = ttl;
    this.#maxIdle = maxIdle;
  }

  /** Carries out a step. @returns what the verb should return */
  take(step: Step): unknown {
    this.#expireNow();
    switch (step.do) {
      case 'get':
        return this.#use(step.key)?.value;
      case 'has':
        return this.#find(step.key) !== undefined;
      case 'getYoung': {
        const found = this.#find(step.key);
        if (found === undefined || this.#now - found.stored >= step.maxAge) return undefined;
        return this.#use(step.key)?.value;
      }
      case 'pop': {
        const value = this.#find(step.key)?.value;
        this.#remove((entry) => isSame(entry.key, step.key));
        return value;
      }
      case 'incr':
        return this.#incr(step);
      case 'decr':
        return this.#incr({ ...step, delta: -step.delta });
      case 'push':
        return this.#push(step);
      case 'peek':
        return plain(this.#item(step.side));
      case 'pull': {
        const item = this.#item(step.side);
        this.#remove((entry) => entry === item);
        return plain(item);
      }
      case 'lease': {
        const item = this.#item(step.side);
        const leased = { none: step.lease, extend: 2 * step.lease, ack: 0, release: 0 }[step.ending];
        if (item !== undefined && leased > 0)
          this.#entries[this.#entries.indexOf(item)] = { ...item, leasedUntil: this.#now + leased };
        if (step.ending === 'ack') this.#remove((entry) => entry === item);
        return plain(item);
      }
      case 'entry':
        return plain(this.#use(step.key));
      case 'getMany':
        return step.keys.map((key) => this.#use(key)?.value);
      case 'entryMany':
        // All are read before any counts as used.
        for (const key of step.keys) this.#use(key);
        return step.keys.map((key) => plain(this.#find(key)));
      case 'setStream':
        this.#put(step.key, Buffer.concat(step.chunks), step.terms);
        return undefined;
      case 'getStream': {
        const value = this.#find(step.key)?.value;
        if (value !== undefined && typeof value !== 'string' && !(value instanceof Uint8Array))
          return 'ERR_DISKCACHE_VALUE';
        this.#use(step.key);
        return value === undefined ? undefined : Buffer.from(value as string);
      }
      case 'set':
        this.#put(step.key, step.value, step.terms);
        return undefined;
      case 'getOrSet': {
        const found = this.#use(step.key);
        if (found === undefined) this.#put(step.key, step.value, step.terms);
        return found === undefined ? step.value : found.value;
      }
      case 'setMany':
        for (const key of step.keys) this.#put(key, step.value, step.terms);
        return undefined;
      case 'add':
        if (this.#find(step.key) !== undefined) return false;
        return this.#put(step.key, step.value, step.terms);
      case 'touch':
        return this.#touch(step.key, step);
      case 'delete':
        return this.#remove((entry) => isSame(entry.key, step.key)) === 1;
      case 'deleteMany':
        return this.#remove((entry) => step.keys.some((key) => isSame(entry.key, key)));
      case 'clear':
        return this.#remove(() => true);
      case 'evict':
        return this.#remove((entry) => entry.tags.includes(step.tag));
      case 'deletePrefix':
        return this.#remove(({ key }) => typeof key === 'string' && key.startsWith(step.prefix));
      case 'count':
        return this.#entries.length;
      case 'entries':
        return this.#entries.toSorted(byKey).map(plain);
      case 'keys':
        return this.#selected(step).map(({ key }) => key);
      case 'values':
        return this.#selected(step).map(({ value }) => value);
      case 'peekEntry':
        return plain(
          this.#selected({ ...step, reverse: false, limit: Infinity }).at(step.end === 'last' ? -1 : 0),
        );
      case 'transact': {
        const before = [...this.#entries];
        const results = step.steps.map((one) => this.take(one));
        if (step.fails) this.#entries = before;
        return step.fails ? 'failed' : results;
      }
      case 'advance':
        this.#now += step.ms;
        return undefined;
      case 'cull':
        return 0;
      case 'reopen':
      case 'expire':
      case 'vacuum':
        return undefined;
      case 'check':
        return true;
    }
  }

  #selected({ prefix, tag, after, order, reverse, limit }: Selection): PlainEntry[] {
    const all = order === 'insertion' ? [...this.#entries] : this.#entries.toSorted(byKey);
    if (reverse) all.reverse();
    const isIn = ({ key, tags }: PlainEntry) =>
      (prefix === undefined || (typeof key === 'string' && key.startsWith(prefix))) &&
      (tag === undefined || tags.includes(tag)) &&
      (after === undefined || (reverse ? -1 : 1) * compare(key, after) > 0);
    return all.filter(isIn).slice(0, limit);
  }

  /** @returns whether it is stored, since it has not expired already */
  #put(key: Key, value: unknown, terms: Partial<PinnableTerms>): boolean {
    const { pinned: isPinned = false, tags = [] } = terms;
    const when = this.#expiry(terms, isPinned);
    const entry = { key, value, ...when, isPinned, tags, stored: this.#now, leasedUntil: 0 };
    const place = this.#entries.findIndex((one) => isSame(one.key, key));
    if (when.expires !== undefined && when.expires <= this.#now) {
      this.#remove((one) => isSame(one.key, key));
      return false;
    }
    if (place === -1) this.#entries.push(entry);
    else this.#entries[place] = entry;
    return true;
  }

  #expiry(
    { ttl = this.#ttl, expires }: Partial<Lifetime>,
    isPinned: boolean,
  ): Pick<PlainEntry, 'expires' | 'deadline'> {
    const latest = expires ?? (ttl === undefined ? undefined : this.#now + ttl);
    if (this.#maxIdle === undefined || isPinned) return { expires: latest, deadline: undefined };
    const deadline = latest ?? LATEST;
    return { expires: Math.min(deadline, this.#now + this.#maxIdle), deadline };
  }

  /** Finds an entry, and counts that as a use. */
  #use(key: Key): PlainEntry | undefined {
    const entry = this.#find(key);
    if (entry === undefined) return undefined;
    const used = this.#slid(entry);
    this.#entries[this.#entries.indexOf(entry)] = used;
    return used;
  }

  #slid(entry: PlainEntry): PlainEntry {
    if (entry.deadline === undefined || this.#maxIdle === undefined) return entry;
    const expires = Math.min(entry.deadline, this.#now + this.#maxIdle);
    return { ...entry, expires: Math.max(expires, entry.expires ?? 0) };
  }

  #incr({ key, delta, terms }: Extract<Step, { delta: number }>): unknown {
    const old = this.#find(key);
    if (old === undefined) {
      this.#put(key, 0 + delta, terms);
      return 0 + delta;
    }
    if (typeof old.value !== 'number' || !Number.isSafeInteger(old.value + delta))
      return Number.isInteger(old.value) || typeof old.value !== 'number'
        ? 'ERR_DISKCACHE_NUMBER'
        : this.#added(old, delta);
    return this.#added(old, delta);
  }

  #added(old: PlainEntry, delta: number): number {
    const value = (old.value as number) + delta;
    this.#entries[this.#entries.indexOf(old)] = {
      ...this.#slid(old),
      value,
      stored: this.#now,
      leasedUntil: 0,
    };
    return value;
  }

  #push({ value, side, terms }: Extract<Step, { do: 'push' }>): string {
    const numbers = this.#items().map(({ key }) => Number(String(key).slice(QUEUE.length + 1)));
    const number =
      numbers.length === 0
        ? 4_500_000_000_000_000
        : side === 'back'
          ? Math.max(...numbers) + 1
          : Math.min(...numbers) - 1;
    const key = `${QUEUE}#${number}`;
    this.#put(key, value, { ...terms, pinned: true });
    return key;
  }

  #items(): PlainEntry[] {
    const isItem = ({ key }: PlainEntry) => typeof key === 'string' && key.startsWith(`${QUEUE}#`);
    return this.#entries.filter(isItem).sort(byKey);
  }

  #item(side: Side): PlainEntry | undefined {
    const free = this.#items().filter(({ leasedUntil }) => leasedUntil <= this.#now);
    return side === 'front' ? free[0] : free.at(-1);
  }

  #touch(key: Key, { ttl = this.#ttl, expires }: Lifetime): boolean {
    const entry = this.#find(key);
    if (entry === undefined) return false;
    const asksForNone = ttl === undefined && expires === undefined;
    const isPinned = entry.isPinned;
    const touched = asksForNone
      ? this.#slid(entry)
      : { ...entry, ...this.#expiry({ ttl, expires }, isPinned) };
    this.#entries[this.#entries.indexOf(entry)] = touched;
    return true;
  }

  #find(key: Key): PlainEntry | undefined {
    return this.#entries.find((entry) => isSame(entry.key, key));
  }

  #remove(which: (entry: PlainEntry) => boolean): number {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => !which(entry));
    return before - this.#entries.length;
  }

  #expireNow(): void {
    this.#remove(({ expires }) => expires !== undefined && expires <= this.#now);
  }
}

/** What a user sees of an entry. */
function plain(entry: PlainEntry | undefined) {
  if (entry === undefined) return undefined;
  const { key, value, expires, tags } = entry;
  return { key, value, expires, tags };
}

function byKey(a: PlainEntry, b: PlainEntry): number {
  return compare(a.key, b.key);
}

function isSame(a: Key, b: Key): boolean {
  return compare(a, b) === 0;
}

function compare(a: Key, b: Key): number {
  const rank = (key: Key) => ['number', 'string', 'object'].indexOf(typeof key);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return rank(a) - rank(b) || Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
}
