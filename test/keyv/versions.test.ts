import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import Keyv4 from 'keyv4';
import { Keyv as Keyv5 } from 'keyv5';
import { Keyv as Keyv6 } from 'keyv6';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface AnyKeyv {
  set(key: string, value: unknown, ttl?: number): Promise<boolean>;
  get(key: string): Promise<unknown>;
  has(key: string): Promise<boolean>;
  clear(): Promise<void>;
  disconnect(): Promise<void>;
}

type KeyvClass = new (options: { namespace: string; store: KeyvDiskStore }) => AnyKeyv;

const versions = {
  4: Keyv4 as never as KeyvClass,
  5: Keyv5 as never as KeyvClass,
  6: Keyv6 as never as KeyvClass,
};
type Version = keyof typeof versions;

const pairs: [from: Version, to: Version][] = [
  [5, 6],
  [6, 5],
  [4, 5],
  [4, 6],
  [6, 4],
];

const values: Record<string, unknown> = {
  string: 'text',
  empty: '',
  lone: 'a lone surrogate \ud800',
  number: 1.5,
  true: true,
  null: null,
  object: { a: [1, { b: 'c' }] },
  buffer: Buffer.from([0, 255, 128]),
  date: new Date(0),
  map: new Map([['a', new Set([1])]]),
  bigint: 12n,
  nan: NaN,
  looksLikeAnEnvelope: { value: 1, expires: 2 },
  looksSerialized: '{"value":"x"}',
};

const withoutSerializer = (directory: string, version: Version) =>
  createKeyv({ directory }, { Keyv: versions[version] });

const withSerializer = (directory: string, version: Version) =>
  new versions[version]({ namespace: 'keyv', store: new KeyvDiskStore({ directory }) });

describe.for(pairs)('a directory written through Keyv %i is read through Keyv %i', ([from, to]) => {
  test('with createKeyv(), each value as it was', async () => {
    const directory = temporaryFolder();
    const writer = withoutSerializer(directory, from);
    for (const [key, value] of Object.entries(values)) await writer.set(key, value);
    await writer.disconnect();
    const reader = withoutSerializer(directory, to);
    const read: Record<string, unknown> = {};
    for (const key of Object.keys(values)) read[key] = await reader.get(key);
    await reader.disconnect();
    expect(read).toEqual(values);
  });

  test('with their serializers, values of JSON as they were', async () => {
    const directory = temporaryFolder();
    const { string, number, null: nothing, object, buffer } = values;
    const json: Record<string, unknown> = { string, number, nothing, object, buffer };
    const writer = withSerializer(directory, from);
    for (const [key, value] of Object.entries(json)) await writer.set(key, value);
    await writer.disconnect();
    const reader = withSerializer(directory, to);
    const read: Record<string, unknown> = {};
    for (const key of Object.keys(json)) read[key] = await reader.get(key);
    await reader.disconnect();
    expect(read).toEqual(json);
  });

  test('with deadlines and missing keys, and cleared there', async () => {
    const directory = temporaryFolder();
    const writer = withoutSerializer(directory, from);
    await writer.set('stays', 1, 60_000);
    await writer.disconnect();
    const reader = withoutSerializer(directory, to);
    expect(await reader.get('stays')).toBe(1);
    expect(await reader.has('never')).toBe(false);
    await reader.clear();
    expect(await reader.has('stays')).toBe(false);
    await reader.disconnect();
  });
});
