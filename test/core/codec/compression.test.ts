import { readFileSync, writeFileSync } from 'node:fs';
import { type CompressionChoice, type DiskCacheOptions, type Serializer } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { listed, openCache, openSync } from '../../support/caches.ts';
import { foreignConnection, valueFiles } from '../../support/on-disk.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const ALGORITHMS = ['zstd', 'brotli', 'gzip'] as const;

/** Compresses by a thread, however small the value is: this level is slow. */
const BY_THREAD = { algorithm: 'brotli', level: 10, threshold: 1 } as const satisfies CompressionChoice;

const TEXT = 'some text that repeats itself, '.repeat(100);
const LARGE_TEXT = TEXT.repeat(1000);

/** Bytes that nothing makes smaller. */
function noise(length: number): Buffer {
  const random = seededRandom(length);
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

function codecsIn(directory: string): unknown {
  const rows = foreignConnection(directory).prepare('SELECT key, codec FROM entry').all();
  return Object.fromEntries(
    (rows as { key: string; codec: unknown }[]).map(({ key, codec }) => [key, codec]),
  );
}

describe('what is compressed', () => {
  test.for(ALGORITHMS)(
    "with '%s': text, bytes and what a serializer wrote, each row with its codec",
    (compression) => {
      const directory = folderInMemory();
      const cache = openSync({ compression }, directory);
      cache.set('text', TEXT);
      cache.set('Buffer', Buffer.from(TEXT));
      cache.set('Uint8Array', new Uint8Array(Buffer.from(TEXT)));
      cache.set('lone surrogate', `\ud800${TEXT}`);
      cache.set('json', [TEXT]);
      cache.set('v8', new Set([TEXT]));
      expect(codecsIn(directory)).toEqual({
        text: `|text|${compression}`,
        Buffer: `|bytes|${compression}`,
        Uint8Array: `bytes|bytes|${compression}`,
        'lone surrogate': `utf16|bytes|${compression}`,
        json: `json|text|${compression}`,
        v8: `v8|bytes|${compression}`,
      });
    },
  );

  test('nothing, without the option', () => {
    const directory = folderInMemory();
    openSync({}, directory).set('key', TEXT);
    expect(codecsIn(directory)).toEqual({ key: null });
  });

  test('values of `threshold` bytes and more in their stored form', () => {
    const directory = folderInMemory();
    const cache = openSync({ compression: { algorithm: 'gzip', threshold: 200 } }, directory);
    cache.set('below', 'x'.repeat(199));
    cache.set('below in UTF-8', `${'ä'.repeat(99)}x`);
    cache.set('at', 'x'.repeat(200));
    cache.set('at in UTF-8', 'ä'.repeat(100));
    cache.set('at as JSON', ['x'.repeat(196)]);
    cache.set('below as JSON', ['x'.repeat(195)]);
    expect(codecsIn(directory)).toEqual({
      below: null,
      'below in UTF-8': null,
      at: '|text|gzip',
      'at in UTF-8': '|text|gzip',
      'at as JSON': 'json|text|gzip',
      'below as JSON': 'json',
    });
  });

  test('values of 1024 bytes and more, by default', () => {
    const directory = folderInMemory();
    const cache = openSync({ compression: 'gzip' }, directory);
    cache.set('below', 'x'.repeat(1023));
    cache.set('at', 'x'.repeat(1024));
    expect(codecsIn(directory)).toEqual({ below: null, at: '|text|gzip' });
  });

  test('no numbers', () => {
    const directory = folderInMemory();
    openSync({ compression: { algorithm: 'gzip', threshold: 0 } }, directory).set('key', 5);
    expect(codecsIn(directory)).toEqual({ key: null });
  });

  test.for(ALGORITHMS)("no value of which '%s' would take away less than a tenth", async (algorithm) => {
    const directory = folderInMemory();
    const cache = openCache({ compression: { algorithm, threshold: 0 } }, directory);
    const mixed = (zeros: number) => Buffer.concat([noise(100_000 - zeros), Buffer.alloc(zeros)]);
    await cache.set('all noise', noise(100_000));
    await cache.set('a 12th zeros', mixed(8_300));
    await cache.set('an 8th zeros', mixed(12_500));
    await cache.set('empty', Buffer.alloc(0));
    expect(codecsIn(directory)).toEqual({
      'all noise': null,
      'a 12th zeros': null,
      'an 8th zeros': `|bytes|${algorithm}`,
      empty: null,
    });
    expect(await cache.get('a 12th zeros')).toEqual(mixed(8_300));
    expect(await cache.get('an 8th zeros')).toEqual(mixed(12_500));
  });

  test('what goes with a higher level becomes smaller', () => {
    const text = Array.from(noise(20_000), (byte) => (byte % 16).toString(16)).join(' ');
    const sizes = [1, 9].map((level) => {
      const cache = openSync({ compression: { algorithm: 'gzip', level } });
      cache.set('key', text);
      return cache.entry('key')?.size ?? 0;
    });
    expect(sizes[1]).toBeLessThan(sizes[0] as number);
  });
});

describe('the stored bytes', () => {
  test.for(['DiskCache', 'DiskCacheSync'])(
    'are what %s counts, and what makes a value a row or a file',
    async (door) => {
      const cache = openCache({ compression: 'gzip' });
      await (door === 'DiskCache' ? cache : cache.sync).set('key', LARGE_TEXT);
      expect(valueFiles(cache.directory)).toEqual([]);
      expect((await cache.entry('key'))?.size).toBeLessThan(50_000);
      expect(await cache.size()).toBeLessThan(60_000);
      await (door === 'DiskCache' ? cache : cache.sync).set('key', noise(100_000));
      expect(valueFiles(cache.directory)).toHaveLength(1);
      expect((await cache.entry('key'))?.size).toBe(100_000);
    },
  );

  test.for(['DiskCache', 'DiskCacheSync'])(
    'must fit into sizeLimit, by %s, and not the value itself',
    async (door) => {
      const cache = openCache({ compression: 'gzip', sizeLimit: 100_000 });
      const verbs = door === 'DiskCache' ? cache : cache.sync;
      await verbs.set('key', LARGE_TEXT);
      expect(await verbs.get('key')).toBe(LARGE_TEXT);
      const tooLarge = async () => verbs.set('key', noise(101_000));
      await expect(tooLarge()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_TOO_LARGE' });
      expect(await verbs.get('key')).toBe(LARGE_TEXT);
    },
  );

  test('stay within sizeLimit when many values are compressed at the same time', async () => {
    const cache = openCache({ compression: BY_THREAD, sizeLimit: 300_000, fileThreshold: 1000 });
    const half = (key: number) => Buffer.concat([noise(10_000 + key), Buffer.alloc(10_000)]);
    const keys = Array.from({ length: 60 }, (_, key) => key);
    await Promise.all(keys.map((key) => cache.set(key, half(key))));
    expect(await cache.size()).toBeLessThanOrEqual(300_000);
    // About 20 of 12 KB each fit.
    expect(await cache.count()).toBeGreaterThan(15);
    expect(await cache.get(59)).toEqual(half(59));
    expect(await cache.check()).toMatchObject({ ok: true });
  });
});

test.for<[string, DiskCacheOptions]>([
  ['without compression', {}],
  ["with 'zstd'", { compression: 'zstd' }],
  ["with 'gzip' of all", { compression: { algorithm: 'gzip', threshold: 0 }, fileThreshold: 1 }],
])('a cache %s reads what was compressed by every algorithm and what was not', async ([, options]) => {
  const directory = folderInMemory();
  const text = Array.from(noise(100_000), (byte) => (byte % 16).toString(16)).join('');
  for (const fileThreshold of [1000, 1_000_000]) {
    for (const compression of [undefined, ...ALGORITHMS]) {
      openSync({ compression, fileThreshold }, directory).set(`${compression} ${fileThreshold}`, text);
    }
  }
  const cache = openCache(options, directory);
  expect((await listed(cache.entries())).map(({ value }) => value)).toEqual(Array(8).fill(text));
  expect(cache.sync.getMany(await listed(cache.keys()))).toEqual(Array(8).fill(text));
});

describe('values that take a thread', () => {
  test.for<[string, DiskCacheOptions]>([
    ['rows', { compression: BY_THREAD }],
    ['files', { compression: BY_THREAD, fileThreshold: 1 }],
    ['large ones', { compression: 'gzip' }],
  ])('take effect in call order: %s', async ([what, options]) => {
    const cache = openCache(options);
    const text = what === 'large ones' ? LARGE_TEXT : TEXT;
    const seen = [];
    for (let round = 0; round < 3; round++) {
      void cache.set('key', `${text}${round}`);
      seen.push(cache.get('key'));
      void cache.set('key', round);
      seen.push(cache.get('key'), cache.has('key'));
      void cache.set('key', `${text}${round} again`);
      void cache.set('key', `${text}${round} and again`);
      seen.push(cache.entry('key').then((entry) => entry?.value));
      void cache.delete('key');
      seen.push(cache.getMany(['key']));
    }
    expect(await Promise.all(seen)).toEqual(
      [0, 1, 2].flatMap((round) => [
        `${text}${round}`,
        round,
        true,
        `${text}${round} and again`,
        [undefined],
      ]),
    );
  });

  test('are added only once', async () => {
    const cache = openCache({ compression: 'gzip' });
    const added = ['first', 'second'].map((name) => cache.add('key', name + LARGE_TEXT));
    expect(await Promise.all(added)).toEqual([true, false]);
    expect(await cache.add('key', 'third')).toBe(false);
    expect(await cache.get('key')).toBe(`first${LARGE_TEXT}`);
  });

  test('are all there when transact() runs after them', async () => {
    const cache = openCache({ compression: 'gzip' });
    void cache.set('key', LARGE_TEXT);
    expect(await cache.transact((tx) => tx.get('key'))).toBe(LARGE_TEXT);
  });

  test('of one key do not wait for each other for ever, whichever is compressed first', async () => {
    const cache = openCache({ compression: 'gzip', sizeLimit: 10_000_000 });
    const values = [LARGE_TEXT, noise(500_000), noise(70_000), LARGE_TEXT, noise(500_000), TEXT];
    await Promise.all(values.flatMap((value) => [cache.set('key', value), cache.set('other', value)]));
    expect(await cache.getMany(['key', 'other'])).toEqual([TEXT, TEXT]);
  });

  test('that are called before close() are stored', async () => {
    const directory = folderInMemory();
    const cache = openCache({ compression: 'gzip' }, directory);
    const stored = [cache.set('a', LARGE_TEXT), cache.set('b', noise(100_000)), cache.set('c', LARGE_TEXT)];
    const reading = cache.get('c');
    await cache.close();
    expect(await reading).toBe(LARGE_TEXT);
    await Promise.all(stored);
    expect(openSync({}, directory).getMany(['a', 'b', 'c'])).toEqual([
      LARGE_TEXT,
      noise(100_000),
      LARGE_TEXT,
    ]);
  });

  test('below fileThreshold may be changed by the caller right after set()', async () => {
    const cache = openCache({ compression: BY_THREAD });
    const bytes = Buffer.from(TEXT);
    const stored = cache.set('key', bytes);
    bytes.fill(0);
    await stored;
    expect(await cache.get('key')).toEqual(Buffer.from(TEXT));
  });

  test('leave no file when they are refused', async () => {
    const cache = openCache({ compression: 'gzip', sizeLimit: 200_000, eviction: 'none' });
    await cache.set('full', noise(150_000));
    const half = Buffer.concat([noise(80_000), Buffer.alloc(80_000)]);
    await expect(cache.set('key', half)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_FULL' });
    expect(valueFiles(cache.directory)).toHaveLength(1);
    expect(await cache.check()).toMatchObject({ ok: true });
  });
});

test.for<[string, number, boolean]>([
  ['below 512 KiB is decompressed at once', 512 * 1024 - 1, false],
  ['of 512 KiB is decompressed while the event loop turns', 512 * 1024, true],
])("a row's value %s", async ([, length, expected]) => {
  const cache = openCache({ compression: 'gzip' });
  await cache.set('key', Buffer.alloc(length, 'text'));
  expect(valueFiles(cache.directory)).toEqual([]);
  const reads = [() => cache.get('key'), () => cache.getMany(['key']), () => cache.entry('key')];
  for (const read of reads) {
    let turned = false;
    setImmediate(() => (turned = true));
    await read();
    expect(turned).toBe(expected);
  }
});

describe.for(ALGORITHMS)("damaged bytes that '%s' wrote", (algorithm) => {
  const value = { text: TEXT, when: new Date(0) };

  function openWith(stored: (written: Buffer) => Buffer) {
    const directory = folderInMemory();
    openSync({ compression: algorithm }, directory).set('key', value);
    const db = foreignConnection(directory);
    const { value: written } = db.prepare('SELECT value FROM entry').get() as { value: Buffer };
    db.prepare('UPDATE entry SET value = ?').run(stored(written));
    return openSync({}, directory);
  }

  test.for<[string, (written: Buffer) => Buffer]>([
    ['cut off', (written) => written.subarray(0, -1)],
    ['cut down to the half', (written) => written.subarray(0, written.length / 2)],
    ['cut down to 3', (written) => written.subarray(0, 3)],
    ['all gone', () => Buffer.alloc(0)],
    ['all zeros', (written) => Buffer.alloc(written.length)],
    ['all ones', (written) => Buffer.alloc(written.length, 0xff)],
    ['of something else', (written) => noise(written.length)],
  ])('are an ERR_DISKCACHE_SERIALIZER that names it and the key: %s', ([, stored]) => {
    const cache = openWith(stored);
    expect(() => cache.get('key')).toThrow(
      expect.objectContaining({ code: 'ERR_DISKCACHE_SERIALIZER', serializer: algorithm, key: 'key' }),
    );
    expect(() => cache.get('key')).toThrow(new RegExp(`"key".*'${algorithm}'`));
  });

  test('are never another value, whichever bit has changed', () => {
    const directory = folderInMemory();
    openSync({ compression: algorithm }, directory).set('key', value);
    const db = foreignConnection(directory);
    const { value: written } = db.prepare('SELECT value FROM entry').get() as { value: Buffer };
    const change = db.prepare('UPDATE entry SET value = ?');
    const cache = openSync({ memoryLimit: 0 }, directory);
    let failed = 0;
    for (let bit = 0; bit < written.length * 8; bit++) {
      const changed = Buffer.from(written);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      change.run(changed);
      try {
        // Some bits, as the time in gzip's head, mean nothing.
        expect(cache.get('key')).toEqual(value);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_DISKCACHE_SERIALIZER' });
        failed++;
      }
    }
    expect(failed).toBeGreaterThan(written.length * 4);
  });

  test('in a file are the same, through both doors', async () => {
    const directory = folderInMemory();
    const text = Array.from(noise(400_000), (byte) => (byte % 16).toString(16)).join('');
    const cache = openCache({ compression: algorithm }, directory);
    await cache.set('key', text + text);
    const db = foreignConnection(directory);
    const [file] = valueFiles(directory);
    expect(file).toBeDefined();
    const bytes = readFileSync(file as string);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(file as string, bytes);
    const failure = { code: 'ERR_DISKCACHE_SERIALIZER', key: 'key' };
    await expect(cache.get('key')).rejects.toMatchObject(failure);
    expect(() => cache.sync.get('key')).toThrow(expect.objectContaining(failure));
    expect(db.prepare('SELECT count(*) FROM entry').pluck().get()).toBe(1);
  });
});

test('bytes that were compressed by what this version does not know are an error that names it', () => {
  const directory = folderInMemory();
  openSync({ compression: 'gzip' }, directory).set('key', TEXT);
  foreignConnection(directory).prepare("UPDATE entry SET codec = '|text|lz4'").run();
  expect(() => openSync({}, directory).get('key')).toThrow(
    expect.objectContaining({ code: 'ERR_DISKCACHE_SERIALIZER', serializer: 'lz4', key: 'key' }),
  );
});

test('a serializer gets what it wrote, in text or bytes, from what was compressed', async () => {
  const given: unknown[] = [];
  const own = (serialized: string | Uint8Array): Serializer => ({
    id: 'own',
    serialize: () => serialized,
    deserialize: (data) => given.push(data),
  });
  const directory = folderInMemory();
  for (const serializer of [own(TEXT), own(new Uint8Array(Buffer.from(TEXT)))]) {
    const cache = openCache({ serializer, compression: 'gzip' }, directory);
    await cache.set('key', {});
    await cache.get('key');
  }
  expect(given).toEqual([TEXT, Buffer.from(TEXT)]);
});
