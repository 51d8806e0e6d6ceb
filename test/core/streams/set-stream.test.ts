import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { DiskCache, SetStreamOptions, StreamSource } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { foreignConnection, valueFiles } from '../../support/on-disk.ts';
import { SteeredSource } from '../../support/steered-source.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

const CHUNKS = [Buffer.from('first '), 'sécond ', Buffer.from('third')];
const BYTES = Buffer.from('first sécond third');

describe('setStream() stores the bytes of', () => {
  test.for<[string, () => StreamSource]>([
    ['a Readable', () => Readable.from(CHUNKS)],
    ['a Readable that is not in object mode', () => Readable.from(BYTES, { objectMode: false })],
    [
      'an async generator',
      async function* () {
        yield* CHUNKS;
      },
    ],
    ['an array of chunks', () => CHUNKS],
    [
      'a generator',
      function* () {
        yield* CHUNKS;
      },
    ],
    ['a web stream', () => new Blob(CHUNKS).stream()],
    ['a web stream of text', () => webStreamOf('first ', 'sécond ', 'third')],
    ['the body of a Response', () => new Response(BYTES).body!],
    ['a Blob', () => new Blob(CHUNKS)],
    ['a File', () => new File(CHUNKS, 'name')],
  ])('%s', async ([, source]) => {
    const cache = openCache();
    await cache.setStream('key', source());
    expect(await cache.get('key')).toEqual(BYTES);
  });

  test('a source of many small and some large chunks, in their order', async () => {
    const cache = openCache();
    const chunks = [1, 70_000, 1000, 64 * 1024, 3, 64 * 1024 - 1, 2_500_000, 5].map((length, i) =>
      Buffer.alloc(length, i + 1),
    );
    await cache.setStream('key', chunks);
    expect((await cache.get<Buffer>('key'))?.equals(Buffer.concat(chunks))).toBe(true);
  });

  test('text whose chunks are cut inside of a character', async () => {
    const cache = openCache();
    await cache.setStream('key', ['a😀'.slice(0, 2), 'a😀b'.slice(2)]);
    expect(await cache.get('key')).toEqual(Buffer.from('a😀b'));
  });

  test.for<[string, StreamSource]>([
    ['no chunk at all', []],
    ['an empty chunk', ['']],
  ])('%s, as an empty file', async ([, source]) => {
    const cache = openCache();
    await cache.setStream('key', source);
    expect(await cache.get('key')).toEqual(Buffer.alloc(0));
    expect(readFileSync((await cache.path('key'))!)).toHaveLength(0);
  });
});

test('a small stream is in a file of its own, complete, under its final name', async () => {
  const cache = openCache();
  await cache.setStream('key', ['small']);
  expect(valueFiles(cache.directory)).toEqual([await cache.path('key')]);
  expect(await cache.check()).toMatchObject({ ok: true, entries: 1, files: 1 });
});

test('setStream() records options, size and time of storing as set() does', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.setStream('key', CHUNKS, { ttl: 1000, tags: ['tag'] });
  expect(await cache.entry('key')).toEqual({
    key: 'key',
    value: BYTES,
    expires: clock.now() + 1000,
    tags: ['tag'],
    size: BYTES.length,
    storedAt: clock.now(),
  });
  expect(await cache.evict('tag')).toBe(1);
  expect((await cache.stats()).sets).toBe(1);
});

test('the ttl of a stream counts from when it has ended', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const source = new SteeredSource();
  const setting = cache.setStream('key', source, { ttl: 1000 });
  clock.advance(5000);
  source.end();
  await setting;
  expect(await cache.entry('key')).toMatchObject({ expires: clock.now() + 1000 });
});

test('a stream whose deadline passes before it ends removes the entry there was', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.set('key', 'old');
  const source = new SteeredSource().give('new');
  const setting = cache.setStream('key', source, { expires: clock.now() + 1000 });
  clock.advance(1000);
  source.end();
  await setting;
  expect(await cache.has('key')).toBe(false);
  await expectNothingLeft(cache, 0);
});

test('a stream takes the place of an entry, whose file goes', async () => {
  const cache = openCache({ fileThreshold: 100 });
  await cache.set('key', 'old'.repeat(100), { tags: ['old'] });
  await cache.setStream('key', ['new']);
  expect(await cache.get('key')).toEqual(Buffer.from('new'));
  expect(await cache.evict('old')).toBe(0);
  await turnsUntil(() => valueFiles(cache.directory).length === 1);
});

test('with checksums a stream gets the CRC-32 of all of its bytes', async () => {
  const cache = openCache({ checksum: true });
  const large = Buffer.alloc(3_000_000, 'large');
  await cache.setStream('key', ['small', large]);
  const stored = foreignConnection(cache.directory).prepare('SELECT checksum FROM entry').pluck().get();
  expect(stored).toBe(crc32(Buffer.concat([Buffer.from('small'), large])));
  expect(await cache.get<Buffer>('key')).toHaveLength(large.length + 5);
});

describe('setStream() leaves nothing, keeps the entry there was, and ends the source, when', () => {
  async function openWithEntry() {
    const cache = openCache({ sizeLimit: 1_000_000 });
    await cache.set('key', 'old');
    return { cache, source: new SteeredSource().give('x'.repeat(100_000)) };
  }

  async function expectRefused(cache: DiskCache, setting: Promise<void>, reason: unknown): Promise<void> {
    await expect(setting).rejects.toEqual(reason);
    expect(await cache.get('key')).toBe('old');
    await expectNothingLeft(cache, 1);
  }

  test('the source fails', async () => {
    const { cache, source } = await openWithEntry();
    const error = new Error('connection lost');
    await expectRefused(cache, cache.setStream('key', source.fail(error)), error);
    expect(source.isEnded).toBe(true);
  });

  test('the source fails with an error of the system, which it hears as it is', async () => {
    const { cache, source } = await openWithEntry();
    const error = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' });
    const setting = cache.setStream('key', source.fail(error));
    expect(await setting.catch((reason: unknown) => reason)).toBe(error);
  });

  test('a Readable is destroyed by somebody else', async () => {
    const { cache } = await openWithEntry();
    const source = new Readable({ read: () => undefined });
    source.push('begun');
    const setting = cache.setStream('key', source);
    source.destroy(new Error('gone'));
    await expectRefused(cache, setting, new Error('gone'));
  });

  test('a chunk is neither bytes nor text', async () => {
    const { cache } = await openWithEntry();
    const source = Readable.from(['text', 5]);
    await expectRefused(
      cache,
      cache.setStream('key', source),
      expect.objectContaining({
        code: 'ERR_DISKCACHE_VALUE',
        message: 'a chunk must be a Uint8Array or a string; given 5',
      }),
    );
    expect(source.destroyed).toBe(true);
  });

  test.for<[string, (Uint8Array | string)[]]>([
    ['a lone surrogate', ['a\udc00b']],
    ['half a character and then bytes', ['a\ud83d', Buffer.from('b')]],
    ['half a character at the end', ['a\ud83d']],
  ])('text has %s', async ([, chunks]) => {
    const { cache } = await openWithEntry();
    const refused = expect.objectContaining({ code: 'ERR_DISKCACHE_VALUE' });
    await expectRefused(cache, cache.setStream('key', chunks), refused);
  });

  test('there is more than can ever fit, as soon as that is known', async () => {
    const { cache, source } = await openWithEntry();
    for (let chunk = 0; chunk < 20; chunk++) source.give(Buffer.alloc(100_000));
    const refused = expect.objectContaining({ code: 'ERR_DISKCACHE_TOO_LARGE' });
    await expectRefused(cache, cache.setStream('key', source), refused);
    expect(source.asked).toBe(10);
    expect(source.isEnded).toBe(true);
  });

  test('the size that is given can never fit, before anything is read', async () => {
    const { cache, source } = await openWithEntry();
    const refused = expect.objectContaining({ code: 'ERR_DISKCACHE_TOO_LARGE' });
    await expectRefused(cache, cache.setStream('key', source, { size: 1_000_000 }), refused);
    expect(source.asked).toBe(0);
    expect(source.isEnded).toBe(true);
  });

  test.for<[string, number, string]>([
    ['ends before the size that is given', 150_000, 'it gave 100000'],
    ['goes on after the size that is given', 70_000, 'it gave 100000 or more'],
  ])('the source %s', async ([, size, told]) => {
    const { cache, source } = await openWithEntry();
    const refused = expect.objectContaining({
      code: 'ERR_DISKCACHE_VALUE',
      message: expect.stringContaining(told),
    });
    await expectRefused(cache, cache.setStream('key', source.end(), { size }), refused);
    expect(source.isEnded).toBe(true);
  });

  test('it is aborted while it waits for the source', async () => {
    const { cache, source } = await openWithEntry();
    const abort = new AbortController();
    const setting = cache.setStream('key', source, { signal: abort.signal });
    await turnsUntil(() => source.asked === 2);
    abort.abort(new Error('not wanted'));
    await expect(setting).rejects.toEqual(new Error('not wanted'));
    expect(await cache.get('key')).toBe('old');
    await expectNothingLeft(cache, 1);
    expect(source.isEnded).toBe(true);
  });

  test('it is aborted after the source has ended, but before it is committed', async () => {
    const { cache, source } = await openWithEntry();
    const abort = new AbortController();
    const lock = foreignConnection(cache.directory);
    const setting = cache.setStream('key', source.end(), { signal: abort.signal, size: 100_000 });
    await turnsUntil(() => source.asked === 2);
    lock.exec('BEGIN IMMEDIATE');
    await turnsUntil(() => valueFiles(cache.directory).some((path) => path.endsWith('.val')));
    abort.abort(new Error('too late'));
    lock.exec('COMMIT');
    await expectRefused(cache, setting, new Error('too late'));
  });

  test('it was aborted before it is called', async () => {
    const { cache } = await openWithEntry();
    const source = Readable.from(CHUNKS);
    await expectRefused(
      cache,
      cache.setStream('key', source, { signal: AbortSignal.abort() }),
      expect.objectContaining({ name: 'AbortError' }),
    );
    expect(source.destroyed).toBe(true);
  });

  test('an option is wrong', async () => {
    const { cache, source } = await openWithEntry();
    const refused = expect.objectContaining({ code: 'ERR_DISKCACHE_TTL' });
    await expectRefused(cache, cache.setStream('key', source, { ttl: 0 }), refused);
    expect(source.isEnded).toBe(true);
  });

  test('the cache is closed', async () => {
    const { cache, source } = await openWithEntry();
    await cache.close();
    await expect(cache.setStream('key', source)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
    expect(source.isEnded).toBe(true);
  });
});

test('a web stream that is given up is cancelled with the reason', async () => {
  let cancelled: unknown;
  const source = new ReadableStream<string>({
    cancel(reason) {
      cancelled = reason;
    },
  });
  const abort = new AbortController();
  const setting = openCache().setStream('key', source, { signal: abort.signal });
  abort.abort('not wanted');
  await expect(setting).rejects.toBe('not wanted');
  expect(cancelled).toBe('not wanted');
});

test('a Readable that fails before it is read from is an error of setStream(), and not of the process', async () => {
  const cache = openCache();
  const lock = foreignConnection(cache.directory);
  lock.exec('BEGIN IMMEDIATE');
  const source = Readable.from(CHUNKS);
  const setting = cache.setStream('key', source, { size: 5 });
  source.destroy(new Error('gone'));
  await turnsUntil(() => source.closed);
  lock.exec('COMMIT');
  await expect(setting).rejects.toThrow('gone');
});

describe('setStream() refuses, with what is allowed,', () => {
  const locked = new Blob(['x']).stream();
  locked.getReader();

  test.for<[string, () => unknown, string]>([
    ['a string', () => 'text', 'given "text", which set() can store'],
    ['bytes', () => Buffer.from('x'), 'given an instance of Buffer, which set() can store'],
    ['a number', () => 5, 'given 5'],
    ['null, as of a Response without a body', () => null, 'given null'],
    ['an object', () => ({}), 'given an object'],
    ['a web stream that is read by others', () => locked, 'given one that another reader has locked'],
    ['a web stream that was read', readWebStream, 'given one that has been read from'],
    ['the body of a Response that was read', readBody, 'given one that'],
    ['a Readable that was read', endedReadable, 'given one that has been read to its end'],
    [
      'an iterator that gives no results',
      () => ({ [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }),
      'given an iterator whose next() gave undefined and no { done, value }',
    ],
    [
      'an iterator at once that gives no results',
      () => ({ [Symbol.iterator]: () => ({ next: () => 5 }) }),
      'given an iterator whose next() gave 5 and no { done, value }',
    ],
  ])('%s as its source', async ([, source, told]) => {
    const error = await openCache()
      .setStream('key', (await source()) as StreamSource)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_VALUE' });
    expect((error as Error).message).toContain('source must be a Readable, an iterable of chunks');
    expect((error as Error).message).toContain(told);
  });

  test.for<[string, object, string]>([
    [
      'a size that is no whole number',
      { size: 1.5 },
      'size must be a whole number of bytes from 0 up; given 1.5',
    ],
    ['a negative size', { size: -1 }, 'given -1'],
    ['a signal that is none', { signal: {} }, 'signal must be an AbortSignal; given an object'],
    ['an unknown option', { tag: 'x' }, 'known are ttl, expires, tags, pinned, signal, size'],
  ])('%s', async ([, options, told]) => {
    const error = await openCache()
      .setStream('key', [], options as SetStreamOptions)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'InvalidArgumentError', code: 'ERR_DISKCACHE_OPTION' });
    expect((error as Error).message).toContain(told);
  });
});

async function readWebStream(): Promise<ReadableStream> {
  const stream = new Blob(['x']).stream();
  const reader = stream.getReader();
  await reader.read();
  reader.releaseLock();
  return stream;
}

async function readBody(): Promise<unknown> {
  const response = new Response('x');
  await response.text();
  return response.body;
}

test('a chunk of an iterable may be a promise, and one that is rejected fails the call alone', async () => {
  const cache = openCache();
  const chunks = [Promise.resolve('first '), 'second'] as unknown as Iterable<string>;
  await cache.setStream('key', chunks);
  expect(await cache.get('key')).toEqual(Buffer.from('first second'));
  let isEnded = false;
  function* failing() {
    try {
      yield Promise.reject(new Error('rejected')) as unknown as string;
    } finally {
      isEnded = true;
    }
  }
  await expect(cache.setStream('key', failing())).rejects.toThrow('rejected');
  // An unhandled rejection would end the process, and be told by the test runner.
  await someTurns();
  expect(isEnded).toBe(true);
  expect(await cache.get('key')).toEqual(Buffer.from('first second'));
});

/** No file beside the entries', no temporary one, and totals that are right. */
async function expectNothingLeft(cache: DiskCache, entries: number): Promise<void> {
  const report = await cache.check();
  expect(report).toMatchObject({ ok: true, problems: [], entries });
  await turnsUntil(() => valueFiles(cache.directory).length === report.files);
  const reserved = foreignConnection(cache.directory).prepare('SELECT count(*) FROM reservation').pluck();
  expect(reserved.get()).toBe(0);
}

async function endedReadable(): Promise<Readable> {
  const stream = Readable.from(CHUNKS);
  for await (const _ of stream);
  return stream;
}

function webStreamOf(...chunks: string[]): ReadableStream<string> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}
