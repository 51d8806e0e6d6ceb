import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { foreignConnection, valueFiles } from '../../support/on-disk.ts';
import { SteeredSource } from '../../support/steered-source.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

test('a read that is called after a setStream() waits for the stream, and sees it', async () => {
  const cache = openCache();
  await cache.set('key', 'old');
  const source = new SteeredSource();
  void cache.setStream('key', source);
  const reads = [cache.get('key'), cache.getMany(['key']), cache.path('key'), cache.getStream('key')];
  const settled = new Set<unknown>();
  for (const read of reads) void read.then(() => settled.add(read));
  await someTurns();
  expect(settled.size).toBe(0);
  source.give('new').end();
  const [value, values, path, stream] = await Promise.all(reads);
  expect([value, values]).toEqual([Buffer.from('new'), [Buffer.from('new')]]);
  expect(valueFiles(cache.directory)).toEqual([path]);
  expect(await (stream as NodeJS.ReadableStream & { toArray(): Promise<unknown> }).toArray()).toEqual([
    Buffer.from('new'),
  ]);
});

test('writes of one key take effect in call order, streams among them', async () => {
  const cache = openCache({ fileThreshold: 100 });
  const sources = [new SteeredSource(), new SteeredSource()] as const;
  const calls = [
    cache.set('key', 'x'.repeat(200)),
    cache.setStream('key', sources[0]),
    cache.add('key', 'never'),
    cache.setStream('key', sources[1]),
    cache.get('key'),
    cache.set('key', 'last'),
  ];
  sources[1].give('second').end();
  await someTurns();
  sources[0].give('first').end();
  expect(await Promise.all(calls)).toEqual([
    undefined,
    undefined,
    false,
    undefined,
    Buffer.from('second'),
    undefined,
  ]);
  expect(await cache.get('key')).toBe('last');
});

test('a stream that stands still holds up no call on another key, and none that concerns many', async () => {
  const cache = openCache();
  await cache.setMany([
    ['key', 'old'],
    ['other', 'value'],
  ]);
  const source = new SteeredSource().give('begun');
  const setting = cache.setStream('key', source);
  void cache.set('key', 'held up');
  expect(await cache.transact((tx) => tx.get('key'))).toBe('old');
  expect(await cache.count()).toBe(2);
  await cache.set('large', Buffer.alloc(100_000));
  await cache.setStream('stream', ['x']);
  expect(await cache.clear()).toBe(4);
  await cache.set('after', 'clear');
  source.end();
  await setting;
  expect(await cache.get('key')).toBe('held up');
  expect(await cache.get('after')).toBe('clear');
});

test('close() waits for a stream that was called before', async () => {
  const cache = openCache();
  const source = new SteeredSource();
  const setting = cache.setStream('key', source);
  let isClosed = false;
  const closing = cache.close().then(() => (isClosed = true));
  await someTurns();
  expect(isClosed).toBe(false);
  source.give('value').end();
  await setting;
  await closing;
  const again = openCache({}, cache.directory);
  expect(await again.get('key')).toEqual(Buffer.from('value'));
});

test('a cache can be closed once its stream is given up', async () => {
  const cache = openCache();
  const abort = new AbortController();
  const setting = cache.setStream('key', new SteeredSource(), { signal: abort.signal });
  const closing = cache.close();
  abort.abort(new Error('closing'));
  await expect(setting).rejects.toThrow('closing');
  await closing;
  expect(await openCache({}, cache.directory).check()).toMatchObject({ ok: true, entries: 0 });
});

test('no more is taken from a source than can be written', async () => {
  const cache = openCache();
  const lock = foreignConnection(cache.directory);
  lock.exec('BEGIN IMMEDIATE');
  const source = new SteeredSource();
  for (let chunk = 0; chunk < 50; chunk++) source.give(Buffer.alloc(100_000));
  const setting = cache.setStream('key', source.end());
  await turnsUntil(() => valueFiles(cache.directory).length === 1);
  await someTurns();
  expect(source.asked).toBe(1);
  lock.exec('COMMIT');
  await setting;
  expect(await cache.entry('key')).toMatchObject({ size: 5_000_000 });
});

test('a stream that waits for its turn behind another is given up at once, and the next one comes after', async () => {
  const cache = openCache();
  const first = new SteeredSource().give('begun');
  const setFirst = cache.setStream('key', first);
  const abort = new AbortController();
  const source = new SteeredSource().give('never').end();
  const given = cache.setStream('key', source, { signal: abort.signal });
  const last = cache.setStream('key', ['last']);
  await someTurns();
  expect(source.asked).toBe(0);
  abort.abort(new Error('given up'));
  await expect(given).rejects.toThrow('given up');
  expect(source.isEnded).toBe(true);
  first.end();
  await Promise.all([setFirst, last]);
  expect(await cache.get('key')).toEqual(Buffer.from('last'));
  expect(valueFiles(cache.directory)).toHaveLength(1);
});

test('a stream that has ended and waits for the lock is given up at once, and leaves nothing', async () => {
  const cache = openCache({ timeout: 60_000 });
  const lock = foreignConnection(cache.directory);
  const abort = new AbortController();
  const source = new SteeredSource().give('value');
  const setting = cache.setStream('key', source, { signal: abort.signal, size: 5 });
  await turnsUntil(() => source.asked === 2);
  lock.exec('BEGIN IMMEDIATE');
  source.end();
  await turnsUntil(() => valueFiles(cache.directory).some((path) => path.endsWith('.val')));
  await someTurns();
  abort.abort(new Error('given up'));
  lock.exec('COMMIT');
  await expect(setting).rejects.toThrow('given up');
  expect(valueFiles(cache.directory)).toEqual([]);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 0 });
});
