import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache, type DiskCacheOptions } from '@diskcache/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child } from '../support/child.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { canMount, readOnlyView } from '../support/mount.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LARGE = 'x'.repeat(1000);

const reading = (directory: string, options: DiskCacheOptions = {}) =>
  openCache({ ...options, readOnly: true }, directory);

async function filled(directory = temporaryFolder()): Promise<string> {
  const cache = new DiskCache(directory, { fileThreshold: 100 });
  await cache.set('row', 'value');
  await cache.set('file', LARGE);
  await cache.close();
  return directory;
}

function everything(directory: string): unknown[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => join(directory, name))
    .map((path) => [path, statSync(path).mtimeMs, statSync(path).isFile() && readFileSync(path, 'latin1')]);
}

describe.skipIf(!canMount)('On a file system that is mounted to be read only', () => {
  it('A cache that nobody has open can be read, and no copy of it is left over', async () => {
    const directory = await filled();
    const before = everything(directory);
    const view = readOnlyView(directory);
    const copies = temporaryFolder();
    vi.stubEnv('TMPDIR', copies);
    onTestFinished(() => void vi.unstubAllEnvs());
    const cache = reading(view);
    expect(await cache.getMany(['row', 'file', 'none'])).toEqual(['value', LARGE, undefined]);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 2, files: 1 });
    expect(readdirSync(copies)).toHaveLength(1);
    await cache.close();
    expect(readdirSync(copies)).toEqual([]);
    expect(everything(directory)).toEqual(before);
  });

  it('A cache shows what is written to it elsewhere, at once where its writer was there before', async () => {
    const directory = await filled();
    const writer = openCache({}, directory);
    const cache = reading(readOnlyView(directory));
    for (let round = 0; round < 5; round++) {
      await writer.set('row', round);
      expect(await cache.get('row')).toBe(round);
    }
  });

  it('A cache shows what is written to it elsewhere, within a second where its writer came later', async () => {
    const directory = await filled();
    const clock = new FakeClock();
    const cache = reading(readOnlyView(directory), { clock });
    const recreated: unknown[] = [];
    cache.on('recreate', (recreation) => recreated.push(recreation));
    expect(await cache.get('row')).toBe('value');
    const writer = openCache({}, directory);
    await writer.set('row', 'new');
    clock.advance(1000);
    expect(await cache.get('row')).toBe('new');
    await writer.set('row', 'newer');
    expect(await cache.get('row')).toBe('newer');
    await writer.close();
    await filled(directory);
    clock.advance(1000);
    expect(await cache.get('row')).toBe('value');
    await new Promise(setImmediate);
    expect(recreated).toEqual([]);
  });

  it('A cache whose log was left over by a crash can be read, with what is in the log', async () => {
    const running = temporaryFolder();
    const writer = openCache({}, running);
    await writer.set('row', 'only in the log');
    const directory = temporaryFolder();
    for (const name of ['cache.db', 'cache.db-wal']) copyFileSync(join(running, name), join(directory, name));
    const before = everything(directory);
    const cache = reading(readOnlyView(directory));
    expect(await cache.get('row')).toBe('only in the log');
    await cache.close();
    expect(everything(directory)).toEqual(before);
  });

  it('Opening without readOnly is a typed error', async () => {
    const view = readOnlyView(await filled());
    expect(() => new DiskCache(view)).toThrow(expect.objectContaining({ code: 'ERR_DISKCACHE_STORAGE' }));
  });

  it('Opening a cache that is not there is an ERR_DISKCACHE_NOT_FOUND', () => {
    expect(() => reading(readOnlyView(temporaryFolder()))).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_NOT_FOUND' }),
    );
  });
});

describe.skipIf(process.getuid?.() !== 0)('A user who may read the files but write nothing', () => {
  async function openToAll(): Promise<string> {
    const directory = join(temporaryFolder(), 'cache');
    mkdirSync(directory);
    await filled(directory);
    for (const name of ['..', '.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })])
      chmodSync(join(directory, name), statSync(join(directory, name)).isDirectory() ? 0o755 : 0o644);
    return directory;
  }

  it('Can read a cache that nobody has open', async () => {
    const directory = await openToAll();
    const reader = new Child('read-read-only', { directory, key: 'row' }, { runAs: 65_534 });
    expect(await reader.says('read')).toBe('value');
    expect(await reader.ended).toEqual({ code: 0, signal: null, stderr: '' });
  });

  it('Can read a cache that somebody writes to', async () => {
    const directory = await openToAll();
    const writer = openCache({}, directory);
    await writer.set('row', 'new');
    for (const suffix of ['-wal', '-shm']) chmodSync(join(directory, `cache.db${suffix}`), 0o644);
    const reader = new Child('read-read-only', { directory, key: 'row' }, { runAs: 65_534 });
    expect(await reader.says('read')).toBe('new');
    expect(await reader.ended).toEqual({ code: 0, signal: null, stderr: '' });
  });
});
