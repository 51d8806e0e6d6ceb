import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { DiskCache, DiskCacheOptions, StreamRange } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { valueFiles } from '../../support/on-disk.ts';
import { turnsUntil } from '../../support/turns.ts';
import { someTurns } from '../../support/turns.ts';

const BYTES = Buffer.from('0123456789');
const LARGE = Buffer.alloc(500_000, 'large value ');

/** The same ten bytes, wherever they are. */
const PLACES: [string, DiskCacheOptions, (cache: DiskCache) => Promise<void>][] = [
  ['a stream', {}, (cache) => cache.setStream('key', [BYTES])],
  ['bytes in a row', {}, (cache) => cache.set('key', BYTES)],
  ['text in a row', {}, (cache) => cache.set('key', String(BYTES))],
  ['a Uint8Array in a row', {}, (cache) => cache.set('key', new Uint8Array(BYTES))],
  ['bytes in a file', { fileThreshold: 1 }, (cache) => cache.set('key', BYTES)],
  ['text in a file', { fileThreshold: 1 }, (cache) => cache.set('key', String(BYTES))],
  ['a Uint8Array in a file', { fileThreshold: 1 }, (cache) => cache.set('key', new Uint8Array(BYTES))],
];

describe.for(PLACES)('getStream() of %s', ([, options, store]) => {
  test.for<[string, StreamRange | undefined, string]>([
    ['all bytes', undefined, '0123456789'],
    ['all bytes for an empty range', {}, '0123456789'],
    ['from start on', { start: 3 }, '3456789'],
    ['up to and with end', { end: 3 }, '0123'],
    ['from start to end', { start: 2, end: 4 }, '234'],
    ['one byte', { start: 9, end: 9 }, '9'],
    ['no more than there is', { start: 8, end: 1000 }, '89'],
  ])('gives %s', async ([, range, expected]) => {
    const cache = openCache(options);
    await store(cache);
    expect(await bytesOf(cache.getStream('key', range))).toBe(expected);
  });

  test('refuses a range that starts past the end', async () => {
    const cache = openCache(options);
    await store(cache);
    await expect(cache.getStream('key', { start: 10 })).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: 'ERR_DISKCACHE_OPTION',
      message: "start must be below the value's size of 10 bytes; given 10",
    });
  });
});

test('getStream() gives text as UTF-8, and counts a range in bytes', async () => {
  const cache = openCache();
  await cache.set('key', 'äöü');
  expect(await bytesOf(cache.getStream('key', { start: 2 }))).toBe('öü');
});

test.for<[string, (cache: DiskCache) => Promise<void>]>([
  ['an empty stream', (cache) => cache.setStream('key', [])],
  ['empty text', (cache) => cache.set('key', '')],
])('getStream() of %s ends at once', async ([, store]) => {
  const cache = openCache({ checksum: true });
  await store(cache);
  expect(await bytesOf(cache.getStream('key'))).toBe('');
  expect(await bytesOf(cache.getStream('key', { start: 0, end: 5 }))).toBe('');
});

test('getStream() gives what setStream() stored, piece by piece', async () => {
  const cache = openCache({ checksum: true });
  await cache.setStream('key', [LARGE]);
  const stream = (await cache.getStream('key')) as Readable;
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  expect(pieces.length).toBeGreaterThan(5);
  expect(Buffer.concat(pieces).equals(LARGE)).toBe(true);
});

test('getStream() returns undefined where there is no live entry', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  await cache.setStream('expired', [BYTES], { ttl: 1000 });
  clock.advance(1000);
  expect(await cache.getStream('expired')).toBeUndefined();
  expect(await cache.getStream('none')).toBeUndefined();
  expect((await cache.stats()).misses).toBe(2);
});

test('getStream() sees what was set before it, awaited or not', async () => {
  const cache = openCache({ fileThreshold: 100 });
  void cache.set('key', 'x'.repeat(200));
  expect(await bytesOf(cache.getStream('key'))).toBe('x'.repeat(200));
});

test('getStream() counts as a hit and as a use', async () => {
  const cache = openCache({ entryLimit: 3 });
  for (const key of ['a', 'b', 'c']) await cache.setStream(key, [BYTES]);
  await bytesOf(cache.getStream('a'));
  await cache.set('d', 'evicts the one that was not used');
  expect(await Promise.all(['a', 'b'].map((key) => cache.has(key)))).toEqual([true, false]);
  expect((await cache.stats()).hits).toBe(1);
});

test.for<[string, unknown, string]>([
  ['an object', { a: 1 }, "written by serializer 'json'"],
  ['a Map', new Map(), "written by serializer 'v8'"],
  ['a number', 5, 'a number'],
  ['text without a UTF-8 form', '\ud800', 'text that has no UTF-8 form'],
])('getStream() refuses %s, wherever it is, and names its key', async ([, value, told]) => {
  for (const fileThreshold of [1, 1000]) {
    const cache = openCache({ fileThreshold });
    await cache.set('some key', value);
    await expect(cache.getStream('some key')).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      code: 'ERR_DISKCACHE_VALUE',
      message: `only bytes and text can be streamed; the value of "some key" is ${told}: use get()`,
    });
    expect(await cache.get('some key')).toEqual(value);
  }
});

test.for<[string, object, string]>([
  ['a start below 0', { start: -1 }, 'start must be a whole number of bytes from 0 up; given -1'],
  ['an end that is no number', { end: '5' }, 'end must be a whole number of bytes from 0 up; given "5"'],
  ['an end before the start', { start: 5, end: 4 }, 'end must be start (5) or more; given 4'],
  ['an unknown name', { from: 1 }, "unknown option 'from'; known are start, end"],
])('getStream() refuses %s', async ([, range, message]) => {
  await expect(openCache().getStream('key', range)).rejects.toMatchObject({
    name: 'InvalidArgumentError',
    code: 'ERR_DISKCACHE_OPTION',
    message,
  });
});

describe('a stream that was opened gives all of its bytes after', () => {
  test.for<[string, (cache: DiskCache) => unknown, { removes: boolean }]>([
    ['an overwrite', (cache) => cache.setStream('key', ['other']), { removes: true }],
    ['delete()', (cache) => cache.delete('key'), { removes: true }],
    ['clear()', (cache) => cache.clear(), { removes: true }],
    ['close()', (cache) => cache.close(), { removes: false }],
  ])('%s', async ([, change, { removes }]) => {
    const cache = openCache({ checksum: true });
    await cache.setStream('key', [LARGE]);
    const path = (await cache.path('key')) as string;
    const stream = (await cache.getStream('key')) as Readable;
    await change(cache);
    await turnsUntil(() => existsSync(path) !== removes);
    expect((await buffer(stream)).equals(LARGE)).toBe(true);
  });
});

describe('a file', () => {
  async function openWithFile(options: DiskCacheOptions = {}) {
    const cache = openCache(options);
    const heard: Error[] = [];
    cache.on('error', (error) => heard.push(error));
    await cache.setStream('key', [LARGE]);
    return { cache, heard, path: (await cache.path('key')) as string };
  }

  test.for<[string, (path: string) => void]>([
    ['is gone', (path) => unlinkSync(path)],
    ['is a byte short', (path) => truncateSync(path, LARGE.length - 1)],
    ['is a byte long', (path) => appendFileSync(path, 'x')],
  ])('that %s is a miss of getStream(), which removes its entry', async ([, damage]) => {
    const { cache, heard, path } = await openWithFile();
    damage(path);
    expect(await cache.getStream('key')).toBeUndefined();
    await someTurns();
    expect(heard).toMatchObject([{ code: 'ERR_DISKCACHE_STORAGE' }]);
    expect(await cache.has('key')).toBe(false);
    expect(await cache.stats()).toMatchObject({ hits: 1, misses: 1 });
  });

  test('that gets shorter while it is read ends the stream with an error, and its entry goes', async () => {
    const { cache, path } = await openWithFile();
    const stream = (await cache.getStream('key')) as Readable;
    truncateSync(path, 100_000);
    await expect(buffer(stream)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_STORAGE' });
    expect(await cache.has('key')).toBe(false);
  });

  test('whose bytes changed ends the stream with an error before its last chunk, with checksums', async () => {
    const { cache, path } = await openWithFile({ checksum: true });
    flipByte(path);
    const stream = (await cache.getStream('key')) as Readable;
    let length = 0;
    stream.on('data', (chunk: Buffer) => (length += chunk.length));
    await expect(new Promise((_, reject) => stream.on('error', reject))).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_STORAGE',
      message: 'the value file is damaged',
    });
    expect(length).toBeLessThan(LARGE.length);
    expect(await cache.has('key')).toBe(false);
  });

  test('whose bytes changed is not noticed by a stream of a part of it', async () => {
    const { cache, path } = await openWithFile({ checksum: true });
    flipByte(path);
    expect(await bytesOf(cache.getStream('key', { start: 0, end: 4 }))).toBe('large');
  });

  test.skipIf(!existsSync('/proc/self/fd'))(
    'is closed when its stream has ended or is destroyed',
    async () => {
      const { cache, path } = await openWithFile();
      const open = () => openFiles().filter((one) => one === path).length;
      const streams = [await cache.getStream('key'), await cache.getStream('key')] as Readable[];
      expect(open()).toBe(2);
      streams[0]!.destroy();
      await turnsUntil(() => open() === 1);
      await buffer(streams[1]!);
      await turnsUntil(() => open() === 0);
      await expect(cache.getStream('key', { start: LARGE.length })).rejects.toThrow('below');
      expect(open()).toBe(0);
    },
  );
});

/** Compresses to about half, differently all along. */
const PACKABLE = Buffer.from(randomBytes(300_000).toString('hex'));

describe.for(['zstd', 'brotli', 'gzip'] as const)(
  'getStream() of what is compressed by %s',
  (compression) => {
    const options = { compression: { algorithm: compression, threshold: 1 } };

    test.for<[string, StreamRange | undefined, Buffer]>([
      ['all bytes', undefined, PACKABLE],
      ['the start', { end: 99 }, PACKABLE.subarray(0, 100)],
      ['a part', { start: 300_000, end: 300_009 }, PACKABLE.subarray(300_000, 300_010)],
      ['the end', { start: 599_990 }, PACKABLE.subarray(599_990)],
    ])('gives %s, from a file or a row, of bytes or text', async ([, range, expected]) => {
      for (const fileThreshold of [1, 10_000_000]) {
        const cache = openCache({ ...options, fileThreshold, checksum: true });
        for (const value of [PACKABLE, String(PACKABLE), new Uint8Array(PACKABLE)]) {
          await cache.set('key', value);
          expect((await cache.entry('key'))?.size).toBeLessThan(PACKABLE.length * 0.7);
          const stream = (await cache.getStream('key', range)) as Readable;
          expect((await buffer(stream)).equals(expected)).toBe(true);
        }
      }
    });

    test('refuses a range that starts past the end of the value, and what is neither bytes nor text', async () => {
      for (const fileThreshold of [1, 10_000_000]) {
        const cache = openCache({ ...options, fileThreshold });
        await cache.set('key', PACKABLE);
        await expect(cache.getStream('key', { start: 600_000 })).rejects.toMatchObject({
          code: 'ERR_DISKCACHE_OPTION',
          message: "start must be below the value's size of 600000 bytes; given 600000",
        });
        await cache.set('key', { text: String(PACKABLE) });
        await expect(cache.getStream('key')).rejects.toMatchObject({
          code: 'ERR_DISKCACHE_VALUE',
          message: expect.stringContaining("written by serializer 'json'"),
        });
      }
    });

    test.for([10, 150_000, -1])(
      'ends with an ERR_DISKCACHE_SERIALIZER, and not as if it were whole, where byte %i is another',
      async (place) => {
        const cache = openCache({ ...options, fileThreshold: 1 });
        await cache.set('key', PACKABLE);
        const [file] = valueFiles(cache.directory) as [string];
        const bytes = readFileSync(file);
        bytes[(place + bytes.length) % bytes.length]! ^= 0x10;
        writeFileSync(file, bytes);
        await expect(
          (async () => buffer((await cache.getStream('key')) as Readable))(),
        ).rejects.toMatchObject({ code: 'ERR_DISKCACHE_SERIALIZER', key: 'key', serializer: compression });
      },
    );

    test.skipIf(!existsSync('/proc/self/fd'))('closes its file when it is ended in any way', async () => {
      const cache = openCache({ ...options, fileThreshold: 1 });
      await cache.set('key', PACKABLE);
      const [file] = valueFiles(cache.directory) as [string];
      const isOpen = () => openFiles().includes(file);
      const ends: ((stream: Readable) => unknown)[] = [
        (stream) => stream.destroy(),
        (stream) => buffer(stream),
        async (stream) => {
          for await (const _ of stream) break;
        },
      ];
      for (const end of ends) {
        for (const range of [undefined, { start: 10, end: 20 }]) {
          const stream = (await cache.getStream('key', range)) as Readable;
          expect(isOpen()).toBe(true);
          await end(stream);
          await turnsUntil(() => !isOpen());
        }
      }
    });
  },
);

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[50]! ^= 1;
  writeFileSync(path, bytes);
}

/** The paths of the files that this process has open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

async function bytesOf(opening: Promise<Readable | undefined>): Promise<string> {
  return String(await buffer((await opening) as Readable));
}
