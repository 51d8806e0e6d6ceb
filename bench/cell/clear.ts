/** A process of the clear trial: node cell/clear.ts <directory> <entries> <rounds>; prints ms as JSON. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DiskCache, DiskCacheSync } from '@diskcache/core';
import { median } from '../ratios.ts';
import { text } from '../workload.ts';

const [directory, count, rounds] = process.argv.slice(2) as [string, string, string];
const entries = Number(count);
const original = join(directory, 'original');
const copy = join(directory, 'copy');

/** Each removes all entries of the copy, and returns how long that took. */
const CONTENDERS: Readonly<Record<string, () => number | Promise<number>>> = {
  'one raw DELETE FROM entry': () => raw('DELETE FROM entry'),
  'the same, row by row (WHERE true)': () => raw('DELETE FROM entry WHERE true'),
  'DiskCacheSync.clear()': clearSync,
  'DiskCache.clear()': clear,
};

let longestStallMs = 0;
const times = Object.fromEntries(Object.keys(CONTENDERS).map((name) => [name, [] as number[]]));
await fill();
for (let round = -1; round < Number(rounds); round++) {
  for (const [name, contend] of Object.entries(CONTENDERS)) {
    const ms = await onCopy(contend);
    if (round >= 0) times[name]?.push(ms);
  }
  await onCopy(stallOfClear);
}
const [first = []] = Object.values(times);
console.log(
  JSON.stringify({
    longestStallMs,
    rows: Object.entries(times).map(([name, all]) => ({
      name,
      ms: median(all),
      ratio: median(all.map((ms, round) => ms / (first[round] as number))),
    })),
  }),
);

async function onCopy<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  cpSync(original, copy, { recursive: true });
  const result = await work();
  rmSync(copy, { recursive: true });
  return result;
}

async function fill(): Promise<void> {
  const cache = new DiskCache(original);
  for (let start = 0; start < entries; start += 5000) {
    await cache.transact((tx) => {
      for (let number = start; number < start + 5000; number++) {
        tx.set(`key:${Math.imul(number, 0x9e3779b1) >>> 0}`, text(number, 100));
      }
    });
  }
  await cache.close();
}

function raw(sql: string): number {
  const db = new Database(join(copy, 'cache.db'));
  // As DiskCache sets up its own connections.
  for (const pragma of ['synchronous = NORMAL', 'wal_autocheckpoint = 0']) db.pragma(pragma);
  const remove = db.prepare(sql);
  const start = performance.now();
  const { changes } = remove.run();
  const ms = performance.now() - start;
  db.close();
  if (changes !== entries) throw new Error(`${changes} rows were removed`);
  return ms;
}

function clearSync(): number {
  using cache = new DiskCacheSync(copy);
  const start = performance.now();
  const removed = cache.clear();
  const ms = performance.now() - start;
  if (removed !== entries) throw new Error(`${removed} entries were removed`);
  return ms;
}

async function clear(): Promise<number> {
  await using cache = new DiskCache(copy);
  const start = performance.now();
  const removed = await cache.clear();
  const ms = performance.now() - start;
  if (removed !== entries) throw new Error(`${removed} entries were removed`);
  return ms;
}

/** In a run of its own, since turning the event loop without pause takes a processor. */
async function stallOfClear(): Promise<void> {
  await using cache = new DiskCache(copy);
  let isOver = false;
  let last = performance.now();
  const turn = () => {
    const now = performance.now();
    longestStallMs = Math.max(longestStallMs, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await cache.clear();
  isOver = true;
  // The last turn, before close() waits for the disk, which still has to write the copy.
  await new Promise(setImmediate);
}
