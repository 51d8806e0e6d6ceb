import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import Keyv from 'keyv4';
import { describe, expect, test } from 'vitest';
import { listed, openCache } from '../support/caches.ts';
import { FakeClock } from '../support/fake-clock.ts';

const clock = () => new FakeClock(Date.now());

describe.for(['with its serializer', 'by createKeyv()'])('Keyv 4 %s', (way) => {
  function open(now = clock()) {
    const cache = openCache({ clock: now });
    const keyv =
      way === 'by createKeyv()'
        ? createKeyv({ cache }, { Keyv })
        : new Keyv({ store: new KeyvDiskStore({ cache }) as never });
    return { cache, keyv };
  }

  test('gives back what was set, null too', async () => {
    const { keyv } = open();
    expect(await keyv.set('a', { list: [1, 'x', null] })).toBe(true);
    expect(await keyv.set('b', null)).toBe(true);
    expect(await keyv.get('a')).toEqual({ list: [1, 'x', null] });
    expect(await keyv.get('b')).toBeNull();
    expect(await keyv.get('none')).toBeUndefined();
    expect(await keyv.get(['b', 'none', 'a'])).toEqual([null, undefined, { list: [1, 'x', null] }]);
  });

  test('deletes one and several', async () => {
    const { keyv } = open();
    await keyv.set('a', 1);
    await keyv.set('b', 2);
    expect(await keyv.delete('none')).toBe(false);
    expect(await keyv.delete('a')).toBe(true);
    expect(await keyv.delete(['b'])).toBe(true);
    expect(await keyv.has('b')).toBe(false);
  });

  test('expires entries', async () => {
    const now = clock();
    const { keyv } = open(now);
    await keyv.set('a', 1, 1000);
    expect(await keyv.get('a')).toBe(1);
    now.advance(1001);
    expect(await keyv.has('a')).toBe(false);
    expect(await keyv.get('a')).toBeUndefined();
  });

  test('iterates over its entries', async () => {
    const { keyv } = open();
    await keyv.set('a', 1);
    await keyv.set('b:c', 2);
    expect(await listed(keyv.iterator())).toEqual([
      ['a', 1],
      ['b:c', 2],
    ]);
  });

  test('clears only its own namespace', async () => {
    const { cache, keyv } = open();
    await keyv.set('a', 1);
    await cache.set('other:a', 2);
    await keyv.clear();
    expect(await keyv.get('a')).toBeUndefined();
    expect(await cache.get('other:a')).toBe(2);
  });

  test('rejects what the store refuses', async () => {
    const { cache, keyv } = open();
    keyv.on('error', () => undefined);
    await cache.close();
    await expect(keyv.get('a')).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
    await expect(keyv.set('a', 1)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_CLOSED' });
  });
});
