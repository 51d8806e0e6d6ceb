import { openSync, readdirSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, DiskCache, type Durability, type LeasedItem } from '@diskcache/core';
import { asPromises, type CacheVerbs } from '../../contract/verbs.ts';
import { given, say, told } from '../../support/parent.ts';

/** Does everything that writes, one after another, and says in a file when it was told that one is done. */
interface Given {
  readonly directory: string;
  readonly durability: Durability;
  /** The one that is to be done, where it is not all of them. */
  readonly only?: string;
}

const { directory, durability, only } = given<Given>();

type ReadingVerb =
  | 'get'
  | 'getMany'
  | 'has'
  | 'hasMany'
  | 'entry'
  | 'entryMany'
  | 'peek'
  | 'keys'
  | 'values'
  | 'entries'
  | 'peekEntry'
  | 'stats'
  | 'size'
  | 'count'
  | 'directory'
  | 'close';
type WritingVerb = Exclude<keyof CacheVerbs, ReadingVerb>;

/** What is called, and what has to be there for it to have something to write. */
interface Write {
  readonly prepare?: () => unknown;
  readonly write: () => unknown;
}

const ENTRY_LIMIT = 50;
const LARGE = Buffer.alloc(100_000);
let isAhead = false;
const clock: Clock = {
  now: () => Date.now() + (isAhead ? 60_000 : 0),
  every: (intervalMs, work) => {
    const timer = setInterval(work, intervalMs).unref();
    return () => clearInterval(timer);
  },
};
const cache = new DiskCache(join(directory, 'cache'), { durability, clock, entryLimit: ENTRY_LIMIT });
const unlimited = new DiskCache(cache.directory, { clock });
const notes = openSync(join(directory, 'notes'), 'w');

/** Of each verb, so that none can be forgotten. */
function writes(door: CacheVerbs): Record<WritingVerb, Write> {
  const setRow = () => cache.set('row', 1);
  return {
    set: { write: () => door.set('row', 'x') },
    setMany: {
      write: () =>
        door.setMany([
          ['row', 'y'],
          ['another', 'z'],
        ]),
    },
    add: { prepare: () => cache.delete('row'), write: () => door.add('row', 'x') },
    getOrSet: { prepare: () => cache.delete('row'), write: () => door.getOrSet('row', () => 'x') },
    touch: { prepare: setRow, write: () => door.touch('row', { ttl: 3_600_000 }) },
    delete: { prepare: setRow, write: () => door.delete('row') },
    deleteMany: { prepare: setRow, write: () => door.deleteMany(['row', 'another']) },
    pop: { prepare: setRow, write: () => door.pop('row') },
    incr: { prepare: setRow, write: () => door.incr('row') },
    decr: { prepare: setRow, write: () => door.decr('row') },
    push: { write: () => door.push('queue', 'x') },
    pull: { prepare: () => cache.push('queue', 'x'), write: () => door.pull('queue') },
    evict: { prepare: () => cache.set('row', 'x', { tags: ['tag'] }), write: () => door.evict('tag') },
    deletePrefix: { prepare: setRow, write: () => door.deletePrefix('ro') },
    expire: {
      prepare: async () => {
        await cache.set('row', 'x', { ttl: 60_000 });
        isAhead = true;
      },
      write: () => door.expire().finally(() => (isAhead = false)),
    },
    cull: {
      prepare: () => unlimited.setMany(Array.from({ length: 2 * ENTRY_LIMIT }, (_, i) => [i, i])),
      write: () => door.cull(),
    },
    transact: { write: () => door.transact((tx) => tx.set('row', 'y')) },
    clear: { prepare: setRow, write: () => door.clear() },
    check: {
      prepare: async () => {
        await cache.set('large', LARGE);
        const values = join(cache.directory, 'values');
        for (const name of readdirSync(values, { recursive: true, encoding: 'utf8' }))
          if (name.endsWith('.val')) unlinkSync(join(values, name));
      },
      write: () => door.check({ fix: true }),
    },
    vacuum: {
      prepare: async () => {
        await cache.setMany(Array.from({ length: 20 }, (_, i) => [i, 'x'.repeat(10_000)]));
        await cache.clear();
      },
      write: () => door.vacuum(),
    },
  };
}

/** The same of values that go into files of their own. */
function largeWrites(door: CacheVerbs): Record<string, Write> {
  const remove = () => cache.delete('large');
  return {
    set: { write: () => door.set('large', LARGE) },
    setMany: { write: () => door.setMany([['large', LARGE]]) },
    add: { prepare: remove, write: () => door.add('large', LARGE) },
    getOrSet: { prepare: remove, write: () => door.getOrSet('large', () => LARGE) },
    push: { write: () => door.push('queue', LARGE) },
    transact: { write: () => door.transact((tx) => tx.set('large', LARGE)) },
  };
}

function leaseWrites(door: CacheVerbs): Record<string, Write> {
  let item: LeasedItem | undefined;
  const lease = async () => {
    await cache.clear();
    await cache.push('queue', 'x');
    item = (await door.pull('queue', { lease: 60_000 })) as LeasedItem;
  };
  return {
    'pull with a lease': {
      prepare: async () => {
        await cache.clear();
        await cache.push('queue', 'x');
      },
      write: () => door.pull('queue', { lease: 60_000 }),
    },
    ack: { prepare: lease, write: () => item?.ack() },
    release: { prepare: lease, write: () => item?.release() },
    extend: { prepare: lease, write: () => item?.extend(90_000) },
  };
}

function all(door: CacheVerbs, prefix: string): [name: string, write: Write][] {
  const named = (those: Record<string, Write>, suffix = '') =>
    Object.entries(those).map(([name, write]): [string, Write] => [`${prefix}${name}${suffix}`, write]);
  return [
    ...named(largeWrites(door), ' of a large value'),
    ...named(leaseWrites(door)),
    ...named(writes(door)),
  ];
}

const ALL: [name: string, write: Write][] = [
  ['setStream of a large value', { write: () => cache.setStream('stream', ['x']) }],
  ['memoize', { write: () => cache.memoize(() => 'x', { name: 'memoized' })() }],
  ...all(cache, ''),
  ...all(asPromises(cache.sync), 'sync '),
  [
    'clear of more than a few entries',
    {
      prepare: () => unlimited.setMany(Array.from({ length: 600 }, (_, i) => [i, 'x'.repeat(10_000)])),
      write: () => cache.clear(),
    },
  ],
];

const VERBS = ALL.filter(([verb]) => only === undefined || verb === only);

say('ready');
await told('go');
for (const [verb, { prepare, write }] of VERBS) {
  // The first write to a log that is filled anew is synced by SQLite itself.
  await cache.set('before', verb);
  await prepare?.();
  writeSync(notes, `begins ${verb}\n`);
  await write();
  writeSync(notes, `stored ${verb}\n`);
}
say(
  'done',
  VERBS.map(([verb]) => verb),
);
await told('close');
await unlimited.close();
await cache.close();
process.disconnect();
