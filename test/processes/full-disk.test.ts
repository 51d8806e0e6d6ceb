import { closeSync, openSync, readdirSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache, type DiskCacheOptions, type DiskCacheSync } from '@diskcache/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { canMount, smallDisk } from '../support/mount.ts';
import { foreignConnection, overwritten, valueFiles } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { turnsUntil } from '../support/turns.ts';

const MIB = 2 ** 20;
const DISK_FULL = 'ERR_DISKCACHE_DISK_FULL';

/** A cache on a file system of its own, of which it knows nothing. */
function cacheOn(disk: string, options: DiskCacheOptions = {}): DiskCache {
  const cache = new DiskCache(join(disk, 'cache'), options);
  // A log that cannot be moved into the database is no failure of these calls.
  cache.on('error', () => undefined);
  onTestFinished(() => cache.close().catch(() => undefined));
  return cache;
}

/** Fills what is left of a disk. */
function fillUp(disk: string): void {
  const file = openSync(join(disk, 'ballast'), 'w');
  const page = Buffer.alloc(4096, 1);
  try {
    while (writeSync(file, page) === page.length);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(file);
  }
}

function makeRoom(disk: string): void {
  unlinkSync(join(disk, 'ballast'));
}

function value(label: string | number, length: number): string {
  return `${label}|`.padEnd(length, 'x');
}

async function keysOf(cache: DiskCache): Promise<number[]> {
  const keys = [];
  for await (const key of cache.keys()) keys.push(key as number);
  return keys;
}

/** Every entry that is there can be read and is whole; nothing that was begun is left over. */
async function expectWhole(cache: DiskCache, length: number): Promise<void> {
  for (const key of await keysOf(cache)) expect(await cache.get(key)).toBe(value(key, length));
  expect((await cache.check()).problems).toEqual([]);
  expect(valueFiles(cache.directory).filter((path) => path.endsWith('.tmp'))).toEqual([]);
}

const KINDS = [
  { what: 'files', length: 100_000 },
  { what: 'large rows', length: 20_000 },
  { what: 'small rows', length: 300 },
];

const DOORS = [
  { by: 'DiskCache', set: (cache: DiskCache, key: number, text: string) => cache.set(key, text) },
  {
    by: 'DiskCacheSync',
    set: async (cache: DiskCache, key: number, text: string) => cache.sync.set(key, text),
  },
];

describe.skipIf(!canMount)('On a disk of 8 MiB', () => {
  it.each(KINDS.flatMap((kind) => DOORS.map((door) => ({ ...kind, ...door }))))(
    'set() of $by makes room for $what by evicting, whatever the size limit, and never fails',
    async ({ length, set }) => {
      const cache = cacheOn(smallDisk(8 * MIB));
      const count = Math.ceil((24 * MIB) / (length + 200));
      for (let key = 0; key < count; key++) await set(cache, key, value(key, length));
      expect(await cache.get(count - 1)).toBe(value(count - 1, length));
      expect(await cache.size()).toBeGreaterThan(MIB);
      await turnsUntil(() => valueFiles(cache.directory).length <= count);
      await expectWhole(cache, length);
    },
    60_000,
  );

  it.each(KINDS)(
    "With eviction 'none' set() of $what fails with ERR_DISKCACHE_DISK_FULL, and what is there can be read and removed",
    async ({ length }) => {
      const cache = cacheOn(smallDisk(8 * MIB), { eviction: 'none' });
      const stored: number[] = [];
      const codes = new Set<string>();
      for (let key = 0; codes.size === 0 || key % 50 !== 0; key++) {
        await cache.set(key, value(key, length)).then(
          () => stored.push(key),
          (error) => codes.add(error.code),
        );
      }
      expect([...codes]).toEqual([DISK_FULL]);
      expect(stored.length).toBeGreaterThan(10);
      expect(await keysOf(cache)).toEqual(stored);
      await expectWhole(cache, length);
      expect(await cache.delete(stored[0] as number)).toBe(true);
      expect(await cache.clear()).toBe(stored.length - 1);
      expect(await cache.count()).toBe(0);
      await cache.set(1, value(1, length));
      await expectWhole(cache, length);
    },
    60_000,
  );
});

describe.skipIf(!canMount).each([
  {
    by: 'DiskCache',
    transact: (cache: DiskCache, body: (tx: DiskCacheSync) => void) => cache.transact(body),
  },
  {
    by: 'DiskCacheSync',
    transact: async (cache: DiskCache, body: (tx: DiskCacheSync) => void) => cache.sync.transact(body),
  },
])('A transaction of $by that fills the disk', ({ transact }) => {
  it.each([
    { where: 'it is', set: (tx: DiskCacheSync, key: number) => tx.set(key, value(key, 20_000)) },
    {
      where: 'parts of it are',
      set: (tx: DiskCacheSync, key: number) => tx.transact((part) => part.set(key, value(key, 20_000))),
    },
  ])('Is taken back as a whole, whatever its body does then, where $where', async ({ set }) => {
    const cache = cacheOn(smallDisk(8 * MIB));
    await cache.set('before', 1);
    const refused: unknown[] = [];
    const filling = transact(cache, (tx) => {
      for (let key = 0; key < 2000; key++) {
        try {
          set(tx, key);
        } catch (error) {
          refused.push(error);
        }
      }
      tx.delete('before');
    });
    await expect(filling).rejects.toMatchObject({ code: DISK_FULL });
    expect(refused[0]).toMatchObject({ code: DISK_FULL });
    expect(await Promise.all([cache.get('before'), cache.count()])).toEqual([1, 1]);
    expect((await cache.check()).problems).toEqual([]);
    await cache.set('after', value('after', 20_000));
    expect(await cache.get('after')).toBe(value('after', 20_000));
  });
});

describe
  .skipIf(!canMount)
  .each([
    ...DOORS,
    { by: 'setStream()', set: (cache: DiskCache, key: number, text: string) => cache.setStream(key, [text]) },
  ])('On a disk that has no room for more names', ({ by, set }) => {
  it(`${by} makes room for a file by evicting others`, async () => {
    const cache = cacheOn(smallDisk(64 * MIB, 300));
    for (let key = 0; key < 400; key++) await set(cache, key, value(key, 100_000));
    expect(await cache.count()).toBeGreaterThan(20);
    expect(String(await cache.get(399))).toBe(value(399, 100_000));
    expect((await cache.check()).problems).toEqual([]);
  });
});

describe.skipIf(!canMount).each(KINDS)(
  'Once something else has filled the disk beside $what',
  ({ length }) => {
    const COUNT = Math.ceil((6 * MIB) / (length + 200));

    /** A cache of about 6 MiB, none of which may be in the database yet. */
    async function filled(options?: DiskCacheOptions): Promise<{ disk: string; cache: DiskCache }> {
      const disk = smallDisk(48 * MIB);
      const cache = cacheOn(disk, options);
      const setting = Array.from({ length: COUNT }, (_, key) =>
        cache.set(key, value(key, length), { tags: [`third ${key % 3}`] }),
      );
      await Promise.all(setting);
      fillUp(disk);
      return { disk, cache };
    }

    it('Everything can be read', async () => {
      const { cache } = await filled();
      expect(await cache.count()).toBe(COUNT);
      await expectWhole(cache, length);
    });

    it('delete(), evict(), deletePrefix() and clear() work', async () => {
      const { cache } = await filled();
      for (let key = 0; key < COUNT; key += 10) expect(await cache.delete(key)).toBe(true);
      const left = COUNT - Math.ceil(COUNT / 10);
      const evicted = await cache.evict('third 1');
      expect(evicted).toBeGreaterThan(COUNT / 5);
      expect(await cache.deletePrefix('no key')).toBe(0);
      expect(await cache.count()).toBe(left - evicted);
      await expectWhole(cache, length);
      expect(await cache.clear()).toBe(left - evicted);
      expect(await cache.check()).toMatchObject({ ok: true, entries: 0 });
    });

    it('The verbs of DiskCacheSync that remove work', async () => {
      const { cache } = await filled();
      for (let key = 0; key < COUNT; key += 10) expect(cache.sync.delete(key)).toBe(true);
      expect(cache.sync.evict('third 1')).toBeGreaterThan(COUNT / 5);
      cache.sync.clear();
      expect(cache.sync.check()).toMatchObject({ ok: true, entries: 0 });
    });

    it('set() evicts and works', async () => {
      const { cache } = await filled();
      for (let key = COUNT; key < COUNT + 100; key++) await cache.set(key, value(key, length));
      expect(await cache.get(COUNT + 99)).toBe(value(COUNT + 99, length));
      expect(await cache.count()).toBeGreaterThan(COUNT / 4);
      await expectWhole(cache, length);
    });

    it('Overwriting what is there works', async () => {
      const { cache } = await filled();
      for (let key = 0; key < COUNT; key += 7) await cache.set(key, value(key, length));
      await expectWhole(cache, length);
    });

    it('A value for which there is no room however much is evicted is an ERR_DISKCACHE_DISK_FULL', async () => {
      const { cache } = await filled();
      const all = value('large', 30 * MIB);
      await expect(cache.set('large', all)).rejects.toMatchObject({ code: DISK_FULL });
      expect(() => cache.sync.set('large', all)).toThrow(expect.objectContaining({ code: DISK_FULL }));
      expect(await cache.has('large')).toBe(false);
      await cache.set(1, value(1, length));
      await turnsUntil(() => valueFiles(cache.directory).length <= COUNT);
      await expectWhole(cache, length);
    });

    it('The cache grows again as soon as there is room', async () => {
      const clock = new FakeClock();
      const { disk, cache } = await filled({ clock });
      // How many more find room depends on what the log holds.
      let keys = COUNT;
      while ((await cache.count()) === keys) await cache.set(keys, value(keys++, length));
      makeRoom(disk);
      clock.advance(10_000);
      for (let key = 0; key < keys; key++) await cache.set(key, value(key, length));
      expect(await cache.count()).toBe(keys);
      await expectWhole(cache, length);
    });

    it('The cache can be closed while it tries to move its log', async () => {
      const { cache } = await filled();
      cache.sync.close();
      // What it had begun in the background fails now, which must not end the process.
      for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
      expect(() => cache.sync.get(1)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_CLOSED' }));
    });

    it('A cache whose database was damaged can be opened, and starts empty', async () => {
      const disk = smallDisk(48 * MIB);
      const first = cacheOn(disk);
      await first.setMany(Array.from({ length: COUNT }, (_, key) => [key, value(key, length)]));
      await first.close();
      fillUp(disk);
      const path = join(first.directory, 'cache.db');
      overwritten(path, 4096, Buffer.alloc(statSync(path).size - 4096, 7));
      const cache = cacheOn(disk);
      cache.on('recreate', () => undefined);
      expect(await cache.get(1)).toBeUndefined();
      await cache.set(1, 'new');
      expect(await cache.get(1)).toBe('new');
    });

    it('A cache that was closed can be opened with readOnly, and read', async () => {
      const disk = smallDisk(48 * MIB);
      const first = cacheOn(disk);
      await first.setMany(Array.from({ length: COUNT }, (_, key) => [key, value(key, length)]));
      await first.close();
      fillUp(disk);
      const cache = new DiskCache(first.directory, { readOnly: true });
      await expectWhole(cache, length);
      await cache.close();
    });

    it('A cache that was closed can be opened, read and emptied', async () => {
      const disk = smallDisk(48 * MIB);
      const first = cacheOn(disk);
      await first.setMany(Array.from({ length: COUNT }, (_, key) => [key, value(key, length)]));
      await first.close();
      fillUp(disk);
      const cache = cacheOn(disk);
      await expectWhole(cache, length);
      expect(await cache.delete(0)).toBe(true);
      await cache.set(1, value(1, length));
      await cache.clear();
      expect(await cache.check()).toMatchObject({ ok: true, entries: 0 });
    });
  },
);

it('What the log will add to the database is kept back, also while that is just being moved', async () => {
  const cache = new DiskCache(temporaryFolder());
  onTestFinished(() => cache.close());
  const bytesOf = (name: string) =>
    statSync(join(cache.directory, name), { throwIfNoEntry: false })?.size ?? 0;
  const pages = foreignConnection(cache.directory).prepare('PRAGMA page_count').pluck();
  const missing: number[] = [];
  for (let first = 0; first < 12_000; first += 100) {
    await cache.setMany(Array.from({ length: 100 }, (_, i) => [first + i, value(first + i, 600)]));
    const growth = Number(pages.get()) * 4096 - bytesOf('cache.db');
    missing.push(growth - bytesOf('cache.db.reserve'));
  }
  expect(bytesOf('cache.db')).toBeGreaterThan(MIB);
  // What was written since the last look.
  expect(Math.max(...missing)).toBeLessThan(MIB / 2);
});

/** As many pieces of a MiB as are asked for, one after the other. */
async function* pieces(count: number): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < count; piece++) {
    await new Promise(setImmediate);
    yield Buffer.alloc(MIB, piece);
  }
}

it.skipIf(!canMount)('A stream into a full disk makes room as it goes, or leaves nothing', async () => {
  const disk = smallDisk(24 * MIB);
  const cache = cacheOn(disk);
  for (let key = 0; key < 100; key++) await cache.set(key, value(key, 100_000));
  fillUp(disk);
  await cache.setStream('stream', pieces(4));
  expect(await cache.get<Buffer>('stream')).toHaveLength(4 * MIB);
  await expect(cache.setStream('too long', pieces(30))).rejects.toMatchObject({ code: DISK_FULL });
  expect(await cache.has('too long')).toBe(false);
  await cache.delete('stream');
  await cache.set(1, value(1, 100_000));
  await turnsUntil(() => valueFiles(cache.directory).length <= 100);
  await expectWhole(cache, 100_000);
});

it.skipIf(!canMount)(
  'A few entries on a disk that something else has filled make room for others one by one',
  async () => {
    const disk = smallDisk(8 * MIB);
    const cache = cacheOn(disk);
    for (let key = 0; key < 100; key++) await cache.set(key, value(key, 1000));
    fillUp(disk);
    for (let key = 100; key < 150; key++) await cache.set(key, value(key, 1000));
    expect(await cache.count()).toBeGreaterThan(80);
    expect(await cache.get(149)).toBe(value(149, 1000));
    await expectWhole(cache, 1000);
    expect(readdirSync(cache.directory)).toContain('cache.db');
  },
);
