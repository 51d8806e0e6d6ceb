import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DiskCache } from '@diskcache/core';
import { describe, expect, it } from 'vitest';
import { Child } from '../support/child.ts';
import { valueFiles } from '../support/on-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NOBODY = 65_534;
const LARGE = 'x'.repeat(2000);
const STORAGE = { name: 'DiskCacheError', code: 'ERR_DISKCACHE_STORAGE' };
const NO_ACCESS = { ...STORAGE, cause: 'EACCES' };
const NO_DESCRIPTOR = { ...STORAGE, cause: 'EMFILE' };

/** A folder that anybody can get at, with a cache in it that belongs to nobody. */
async function cacheOfNobody(): Promise<string> {
  const parent = temporaryFolder();
  chmodSync(parent, 0o755);
  const directory = join(parent, 'cache');
  const cache = new DiskCache(directory, { fileThreshold: 1000 });
  await cache.set('row', 'value');
  await cache.set('file', LARGE);
  await cache.close();
  for (const name of ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' })])
    chownSync(join(directory, name), NOBODY, NOBODY);
  return directory;
}

async function refused(directory: string): Promise<Child> {
  const child = new Child('refused', { directory }, { runAs: NOBODY });
  expect(await child.says('opened')).toEqual({ value: undefined });
  return child;
}

describe.skipIf(process.getuid?.() !== 0)('A user without the right', () => {
  it('To make the folder gets an ERR_DISKCACHE_STORAGE with EACCES as its cause', async () => {
    const parent = temporaryFolder();
    chmodSync(parent, 0o755);
    const child = new Child('refused', { directory: join(parent, 'cache') }, { runAs: NOBODY });
    expect(await child.says('opened')).toEqual(NO_ACCESS);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('To make the folder gets that from the stores of all adapters, with the name of the folder', async () => {
    const parent = temporaryFolder();
    chmodSync(parent, 0o755);
    const directory = join(parent, 'cache');
    const child = new Child('refused-stores', { directory }, { runAs: NOBODY });
    for (const name of ['createKeyv', 'KeyvDiskStore', 'createDiskStore', 'legacyDiskStore']) {
      const message = await child.says<string>(name);
      expect(message).toContain(directory);
      expect(message).toContain('EACCES');
    }
  });

  it('To enter the folder gets an ERR_DISKCACHE_STORAGE, and nothing is set aside', async () => {
    const directory = await cacheOfNobody();
    chownSync(directory, 0, 0);
    const before = readdirSync(directory);
    const child = new Child('refused', { directory }, { runAs: NOBODY });
    expect(await child.says('opened')).toMatchObject(STORAGE);
    expect(readdirSync(directory)).toEqual(before);
  });

  it('To read the database gets an ERR_DISKCACHE_STORAGE, and nothing is set aside', async () => {
    const directory = await cacheOfNobody();
    chownSync(join(directory, 'cache.db'), 0, 0);
    const before = readdirSync(directory);
    const child = new Child('refused', { directory }, { runAs: NOBODY });
    expect(await child.says('opened')).toMatchObject(STORAGE);
    expect(readdirSync(directory)).toEqual(before);
  });

  it('To read a value file gets an error, no miss, and its entry stays', async () => {
    const directory = await cacheOfNobody();
    const child = await refused(directory);
    for (const file of valueFiles(directory)) chownSync(file, 0, 0);
    child.tell('go');
    expect(await child.says('row')).toEqual({ value: 'value' });
    for (const name of ['file', 'file at once', 'both']) expect(await child.says(name)).toEqual(NO_ACCESS);
    expect(await child.says('has')).toEqual({ value: true });
    expect(await child.says('new')).toEqual({ value: ['value', LARGE] });
    expect((await child.ended).code).toBe(0);
    expect(child.said('error')).toEqual([]);
  });

  it('To write value files can go on with rows', async () => {
    const directory = await cacheOfNobody();
    const child = await refused(directory);
    const values = join(directory, 'values');
    chownSync(values, 0, 0);
    chmodSync(values, 0o755);
    for (const name of readdirSync(values)) {
      chownSync(join(values, name), 0, 0);
      chmodSync(join(values, name), 0o755);
    }
    child.tell('go');
    expect(await child.says('file')).toEqual({ value: LARGE });
    expect(await child.says('set a row')).toEqual({ value: undefined });
    for (const name of ['set a file', 'set a file at once'])
      expect(await child.says(name)).toEqual(NO_ACCESS);
    expect(await child.says('new')).toEqual({ value: ['value', undefined] });
    expect((await child.ended).code).toBe(0);
    expect(valueFiles(directory)).toHaveLength(1);
  });

  it('To write anything gets an ERR_DISKCACHE_STORAGE at once, not a timeout', async () => {
    const directory = await cacheOfNobody();
    for (const name of readdirSync(directory)) chownSync(join(directory, name), 0, 0);
    for (const name of ['cache.db', 'cache.db.lock']) chmodSync(join(directory, name), 0o644);
    chownSync(directory, 0, 0);
    chmodSync(directory, 0o755);
    const child = new Child('refused', { directory }, { runAs: NOBODY });
    expect(await child.says('opened')).toMatchObject(STORAGE);
  });

  it('To make a temporary folder gets an ERR_DISKCACHE_STORAGE', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const before = process.env.TMPDIR;
    process.env.TMPDIR = join(folder, 'file');
    try {
      expect(() => new DiskCache()).toThrow(expect.objectContaining(STORAGE));
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
});

const canLimit = spawnSync('prlimit', ['--version']).status === 0 && process.platform === 'linux';

describe.skipIf(!canLimit)('A process without a file descriptor left', () => {
  function setLimit({ pid }: Child, limit: number): void {
    // Only the soft one, so that it can be lifted again.
    const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${limit}:`], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }

  /** Lets a process have no more descriptors than it has now, and a few, which it then takes. */
  async function limited(child: Child): Promise<void> {
    await child.says('ready');
    const numbers = readdirSync(`/proc/${child.pid}/fd`).map(Number);
    setLimit(child, Math.max(...numbers) + 4);
    child.tell('limited');
    expect(await child.says('none left')).toBe('EMFILE');
  }

  it('Gets errors, never misses, and loses nothing', async () => {
    const directory = temporaryFolder();
    mkdirSync(join(directory, 'values'), { mode: 0o700 });
    const child = new Child('few-descriptors', { directory });
    await limited(child);
    expect(await child.says('row')).toEqual({ value: 'value' });
    for (const name of ['file', 'file at once', 'both', 'pop'])
      expect(await child.says(name)).toEqual(NO_DESCRIPTOR);
    expect(await child.says('set a row')).toEqual({ value: undefined });
    for (const name of ['set a file', 'set a file at once'])
      expect(await child.says(name)).toEqual(NO_DESCRIPTOR);
    for (const name of ['open', 'open to read']) expect(await child.says(name)).toMatchObject(STORAGE);
    await child.says('used');
    setLimit(child, 1024);
    child.tell('lifted');
    expect(await child.says('after')).toEqual({ value: ['new', LARGE] });
    expect(await child.says('set after')).toEqual({ value: undefined });
    expect(await child.says('check')).toEqual([]);
    expect((await child.ended).code).toBe(0);
    expect(readdirSync(directory).filter((name) => /corrupt|foreign|removed/.test(name))).toEqual([]);
  });

  it('Keeps the log short although no thread can be started, and has one start later', async () => {
    const child = new Child('no-thread', { directory: temporaryFolder() });
    await limited(child);
    expect(await child.says('check')).toMatchObject({ ...STORAGE, cause: 'ERR_WORKER_INIT_FAILED' });
    expect(await child.says('written')).toBeLessThan(16 * 2 ** 20);
    const told = child.said<string>('error');
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter((message) => !message.includes('there is no thread of DiskCache'))).toEqual([]);
    expect(await child.says('cleared')).toEqual({ value: 1000 });
    setLimit(child, 1024);
    child.tell('lifted');
    expect(await child.says('written')).toBeLessThan(16 * 2 ** 20);
    expect(await child.says('check')).toEqual({ value: true });
    expect(await child.ended).toEqual({ code: 0, signal: null, stderr: '' });
  });
});
