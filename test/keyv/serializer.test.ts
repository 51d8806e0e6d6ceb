import { deflateSync, inflateSync } from 'node:zlib';
import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import Keyv4 from 'keyv4';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { describe, expect, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';

interface AnyKeyv {
  set(key: string, value: unknown): Promise<boolean>;
  get(key: string): Promise<unknown>;
  get(keys: string[]): Promise<unknown[]>;
  iterator(namespace?: string): AsyncIterable<[string, unknown]>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}
type KeyvClass = new (options: object) => AnyKeyv;

const versions = {
  4: Keyv4 as never as KeyvClass,
  5: Keyv5 as never as KeyvClass,
  6: Keyv6 as never as KeyvClass,
};
type Version = keyof typeof versions;
const pairs = ([4, 5, 6] as const).flatMap((from) => ([4, 5, 6] as const).map((to) => [from, to] as const));

function openBoth([from, to]: readonly [from: Version, to: Version], options: object = {}) {
  const cache = openCache();
  const withSerializer = (Keyv: KeyvClass) =>
    new Keyv({ store: new KeyvDiskStore({ cache }), namespace: 'keyv', ...options });
  const without = (Keyv: KeyvClass) => createKeyv({ cache }, { Keyv });
  return {
    ofOn: { writer: withSerializer(versions[from]), reader: without(versions[to]) },
    ofOff: { writer: without(versions[from]), reader: withSerializer(versions[to]) },
  };
}

const serializer = expect.objectContaining({ code: 'ERR_DISKCACHE_SERIALIZER' }) as unknown;

describe.for(pairs)('between a Keyv %i and a Keyv %i', (pair) => {
  const values = {
    buffer: Buffer.from([0, 255]),
    colon: ':base64:AA==',
    list: [1, { a: null }],
    number: 1.5,
    text: 'ä',
  };

  test('what one with serializer has set, one without reads', async () => {
    const { writer, reader } = openBoth(pair).ofOn;
    for (const [key, value] of Object.entries(values)) await writer.set(key, value);
    for (const [key, value] of Object.entries(values)) expect(await reader.get(key)).toStrictEqual(value);
    expect(await reader.get(['text', 'none', 'list'])).toEqual(['ä', undefined, [1, { a: null }]]);
    expect(await listed(reader.iterator(undefined))).toEqual(Object.entries(values));
  });

  test('what one without serializer has set, one with it reads', async () => {
    const { writer, reader } = openBoth(pair).ofOff;
    for (const [key, value] of Object.entries(values)) await writer.set(key, value);
    for (const [key, value] of Object.entries(values)) expect(await reader.get(key)).toStrictEqual(value);
    expect(await reader.get(['text', 'none', 'list'])).toEqual(['ä', undefined, [1, { a: null }]]);
    expect(await listed(reader.iterator(undefined))).toEqual(Object.entries(values));
  });

  test('types that JSON has not come back from get() all the same', async () => {
    const { writer, reader } = openBoth(pair).ofOff;
    const rich = { at: new Date(0), map: new Map([[1, 2n]]) };
    await writer.set('key', rich);
    expect(await reader.get('key')).toEqual(rich);
    expect(await reader.get(['key'])).toEqual([rich]);
  });
});

test('a bigint of the serializer of Keyv 6 is one without it', async () => {
  const { writer, reader } = openBoth([6, 5]).ofOn;
  await writer.set('key', { big: 12n });
  expect(await reader.get('key')).toEqual({ big: 12n });
});

describe.for([4, 5] as const)('the iterator of a Keyv %i with serializer', (version) => {
  test('gives Dates as their text', async () => {
    const { writer, reader } = openBoth([version, version]).ofOff;
    await writer.set('key', { at: new Date(0) });
    expect(await listed(reader.iterator(undefined))).toEqual([['key', { at: new Date(0).toJSON() }]]);
  });

  test('ends with an error at what the serializer has no form for', async () => {
    const { writer, reader } = openBoth([version, version]).ofOff;
    await writer.set('map', { inside: new Map() });
    await expect(listed(reader.iterator(undefined))).rejects.toThrow(
      "the entry 'keyv:map' was written by a Keyv without serializer and holds Map(0) {}, " +
        'for which the serializer of this Keyv has no form: read it by createKeyv()',
    );
  });
});

describe('what a Keyv has compressed, or serialized in its own way, is an error to one without serializer', () => {
  const compression = {
    compress: async (value: unknown) => deflateSync(JSON.stringify(value)).toString('base64'),
    decompress: async (text: string) => JSON.parse(inflateSync(Buffer.from(text, 'base64')).toString()),
  };
  const serialize = (data: unknown) => `mine ${JSON.stringify(data)}`;
  const sentence =
    "the entry 'keyv:key' was written by a Keyv with another serializer, compression or encryption";

  test('that Keyv 5 emits', async () => {
    const { writer, reader } = openBoth([5, 5], { serialize }).ofOn;
    const errors: unknown[] = [];
    reader.on('error', (error) => errors.push(error));
    await writer.set('key', 'text');
    expect(await reader.get('key')).toBeUndefined();
    expect(errors).toEqual([serializer]);
    await expect(reader.get(['key'])).rejects.toThrow(sentence);
  });

  test('that Keyv 6 emits', async () => {
    const { writer, reader } = openBoth([6, 6], { compression }).ofOn;
    const errors: unknown[] = [];
    reader.on('error', (error) => errors.push(error));
    await writer.set('key', 'text');
    expect(await reader.get('key')).toBeUndefined();
    expect(await reader.get(['key'])).toEqual([undefined]);
    expect(errors).toEqual([serializer, serializer]);
  });

  test('that Keyv 4 rejects with', async () => {
    const { writer, reader } = openBoth([4, 4], { serialize }).ofOn;
    reader.on('error', () => undefined);
    await writer.set('key', 'text');
    await expect(reader.get('key')).rejects.toThrow(sentence);
  });
});

describe('a Keyv that was made without serializer by hand', () => {
  const off = { serialize: undefined, deserialize: undefined } as object;

  test('reads what one with serializer has set when the store is told so', async () => {
    const cache = openCache();
    await new Keyv5({ store: new KeyvDiskStore({ cache }) }).set('key', { a: 1 });
    const store = new KeyvDiskStore({ cache, keyvSerializer: false });
    expect(await new Keyv5({ store, ...off }).get('key')).toEqual({ a: 1 });
  });

  test('reads it untold once it has set something itself', async () => {
    const cache = openCache();
    await new Keyv5({ store: new KeyvDiskStore({ cache }) }).set('key', { a: 1 });
    const keyv = new Keyv5({ store: new KeyvDiskStore({ cache }), ...off });
    await keyv.set('other', 1);
    expect(await keyv.get('key')).toEqual({ a: 1 });
  });
});
