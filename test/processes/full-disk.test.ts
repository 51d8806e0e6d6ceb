import { spawnSync } from 'node:child_process';
import { DiskCache } from '@diskcache/core';
import { expect, it, onTestFinished } from 'vitest';
import { valueFiles } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function mount(folder: string) {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { encoding: 'utf8' });
}

/** A folder on a file system of its own of 8 MiB, with a cache that knows nothing of that. */
function cacheOnSmallDisk(): { folder: string; cache: DiskCache } {
  const folder = temporaryFolder();
  mount(folder);
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
  const cache = new DiskCache(folder);
  // A log that cannot be moved into the database is no failure of these calls.
  cache.on('error', () => undefined);
  onTestFinished(() => cache.close().catch(() => undefined));
  return { folder, cache };
}

const canMount = (() => {
  const folder = spawnSync('mktemp', ['-d'], { encoding: 'utf8' }).stdout.trim();
  const { status, stderr, error } = mount(folder);
  if (status === 0) spawnSync('umount', [folder]);
  else console.log(`skipped: a small file system cannot be mounted here: ${stderr || error?.message}`);
  spawnSync('rmdir', [folder]);
  return status === 0;
})();

it.skipIf(!canMount).each([
  { what: 'files', length: 100_000 },
  { what: 'rows', length: 20_000 },
])(
  'When $what fill the disk, set() fails with a typed error and what is there can be read',
  async ({ length }) => {
    const { folder, cache } = cacheOnSmallDisk();
    const stored: number[] = [];
    const codes = new Set<string>();
    for (let i = 0; codes.size === 0 || i % 50 !== 0; i++) {
      await cache.set(i, 'x'.repeat(length)).then(
        () => stored.push(i),
        (error) => codes.add(`${error.code} ${error.cause?.code}`),
      );
    }
    expect(
      [...codes].every((code) => /^ERR_DISKCACHE_STORAGE (ENOSPC|SQLITE_FULL|SQLITE_IOERR\w*)$/.test(code)),
    ).toBe(true);
    expect(stored.length).toBeGreaterThan(10);
    for (const i of stored) expect(await cache.get(i)).toHaveLength(length);
    expect(valueFiles(folder).filter((path) => path.endsWith('.tmp'))).toEqual([]);
    expect(valueFiles(folder)).toHaveLength(length > 65_536 ? stored.length : 0);
    expect((await cache.check()).problems).toEqual([]);
  },
);

it.skipIf(!canMount)(
  'On a disk full of files, delete() and clear() work, and then set() does again',
  async () => {
    const { folder, cache } = cacheOnSmallDisk();
    const value = 'x'.repeat(100_000);
    const outcomes = await Promise.allSettled(Array.from({ length: 300 }, (_, i) => cache.set(i, value)));
    const stored = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
    expect(stored.length).toBeLessThan(300);
    expect(await cache.delete(stored[0] as number)).toBe(true);
    expect(await cache.clear()).toBe(stored.length - 1);
    expect(await cache.count()).toBe(0);
    await cache.set('again', value);
    expect(await cache.get('again')).toBe(value);
    expect((await cache.check()).problems).toEqual([]);
    expect(valueFiles(folder)).toHaveLength(1);
  },
);

it.skipIf(!canMount)(
  'A stream that fills the disk fails with a typed error, and leaves nothing',
  async () => {
    const { folder, cache } = cacheOnSmallDisk();
    await cache.set('key', 'old');
    let taken = 0;
    const endless = (function* () {
      for (;;) {
        taken++;
        yield Buffer.alloc(100_000);
      }
    })();
    await expect(cache.setStream('key', endless)).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_STORAGE',
      cause: { code: 'ENOSPC' },
    });
    expect(taken).toBeGreaterThan(10);
    expect(endless.next().done).toBe(true);
    expect(await cache.get('key')).toBe('old');
    expect(valueFiles(folder)).toEqual([]);
    expect((await cache.check()).problems).toEqual([]);
    await cache.setStream('key', ['fits']);
    expect(await cache.get('key')).toEqual(Buffer.from('fits'));
  },
);

it.todo('On a disk full of rows, delete() and clear() work, and then set() does again');
