import type { Key, Side } from '@diskcache/core';
import { QUEUE, type Selection, type Step, type Terms } from './steps.ts';

interface PlainEntry {
  readonly key: Key;
  readonly value: unknown;
  readonly expires: number | undefined;
  readonly tags: readonly string[];
  readonly stored: number;
  /** Until when it is handed out. */
  readonly leasedUntil: number;
}

/** What a cache without limits does, in memory and as simply as can be. */
export class PlainCache {
  #entries: PlainEntry[] = [];
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  /** Carries out a step. @returns what the verb should return */
  take(step: Step): unknown {
    this.#expireNow();
    switch (step.do) {
      case 'get':
        return this.#find(step.key)?.value;
      case 'has':
        return this.#find(step.key) !== undefined;
      case 'getYoung': {
        const found = this.#find(step.key);
        return found !== undefined && this.#now - found.stored < step.maxAge ? found.value : undefined;
      }
      case 'pop': {
        const value = this.#find(step.key)?.value;
        this.#remove((entry) => isSame(entry.key, step.key));
        return value;
      }
      case 'incr':
        return this.#incr(step);
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
        if (item !== undefined && step.ending === 'none')
          this.#entries[this.#entries.indexOf(item)] = { ...item, leasedUntil: this.#now + step.lease };
        if (step.ending === 'ack') this.#remove((entry) => entry === item);
        return plain(item);
      }
      case 'entry':
        return plain(this.#find(step.key));
      case 'getMany':
        return step.keys.map((key) => this.#find(key)?.value);
      case 'set':
        return this.#put(step.key, step.value, step.terms);
      case 'getOrSet': {
        const found = this.#find(step.key);
        if (found === undefined) this.#put(step.key, step.value, step.terms);
        return found === undefined ? step.value : found.value;
      }
      case 'setMany':
        for (const key of step.keys) this.#put(key, step.value, step.terms);
        return undefined;
      case 'add':
        if (this.#find(step.key) !== undefined) return false;
        this.#put(step.key, step.value, step.terms);
        return true;
      case 'touch':
        return this.#touch(step.key, step.ttl);
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
      case 'reopen':
      case 'expire':
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

  #put(key: Key, value: unknown, { ttl, tags = [] }: Terms): undefined {
    const expires = ttl && this.#now + ttl;
    const entry = { key, value, expires, tags, stored: this.#now, leasedUntil: 0 };
    const place = this.#entries.findIndex((one) => isSame(one.key, key));
    if (place === -1) this.#entries.push(entry);
    else this.#entries[place] = entry;
  }

  #incr({ key, delta, terms }: Extract<Step, { do: 'incr' }>): unknown {
    const old = this.#find(key);
    if (old === undefined) {
      this.#put(key, delta, terms);
      return delta;
    }
    if (typeof old.value !== 'number' || !Number.isSafeInteger(old.value + delta))
      return Number.isInteger(old.value) || typeof old.value !== 'number'
        ? 'ERR_DISKCACHE_NUMBER'
        : this.#added(old, delta);
    return this.#added(old, delta);
  }

  #added(old: PlainEntry, delta: number): number {
    const value = (old.value as number) + delta;
    this.#entries[this.#entries.indexOf(old)] = { ...old, value, stored: this.#now, leasedUntil: 0 };
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
    this.#put(key, value, terms);
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

  #touch(key: Key, ttl: number | undefined): boolean {
    const entry = this.#find(key);
    if (entry === undefined) return false;
    const touched = { ...entry, expires: ttl === undefined ? entry.expires : this.#now + ttl };
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
