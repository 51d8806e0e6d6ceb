import { rmSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Deque, Serializer } from '@diskcache/core';
import { describe, expect, test } from 'vitest';
import { listed, openCache, openSync } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { transactionsInLog, valueFiles } from '../../support/on-disk.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';
import { turnsUntil } from '../../support/turns.ts';

const LARGE = 'large '.repeat(100);

async function filled(items: Iterable<number>, options?: { maxLength: number }): Promise<Deque<number>> {
  const deque = openCache().deque<number>('name', options);
  await deque.extend(items);
  return deque;
}

describe('a deque', () => {
  test('is there for other caches on the folder, and after reopening', async () => {
    const directory = folderInMemory();
    const cache = openCache({}, directory);
    await cache.deque('name').extend(['a', 'b', 'c']);
    await openCache({}, directory).deque('name').reverse();
    await cache.close();
    const again = openCache({}, directory);
    expect(await listed(again.deque('name'))).toEqual(['c', 'b', 'a']);
    expect([...openSync({}, directory).deque('name')]).toEqual(['c', 'b', 'a']);
  });

  test('stores each kind of value as it is, and refuses undefined', async () => {
    const deque = openCache({ fileThreshold: 100 }).deque('name');
    const values = [
      null,
      0,
      '',
      'text',
      LARGE,
      1n,
      new Date(5),
      new Map([[1, { a: [] }]]),
      Buffer.from('b'),
      NaN,
    ];
    await deque.extend(values);
    expect(await listed(deque)).toEqual(values);
    for (const value of values) expect(await deque.popLeft()).toEqual(value);
    await expect(deque.append(undefined)).rejects.toMatchObject({ code: 'ERR_DISKCACHE_VALUE' });
    await expect(deque.extend([1, undefined])).rejects.toMatchObject({ code: 'ERR_DISKCACHE_VALUE' });
    expect(await deque.size()).toBe(0);
  });

  test('stores a value as it was when it was given', async () => {
    const deque = openCache().deque('name');
    const value = { state: 'given' };
    const appending = deque.append(value);
    const extending = deque.extend([value]);
    value.state = 'changed';
    await Promise.all([appending, extending]);
    expect(await listed(deque)).toEqual([{ state: 'given' }, { state: 'given' }]);
  });

  test('is not evicted and does not expire, whatever the cache is told', async () => {
    const clock = new FakeClock();
    const cache = openCache({ clock, ttl: 10, maxIdle: 5, entryLimit: 200 });
    const deque = cache.deque('name');
    await deque.extend(Array.from({ length: 100 }, (_, item) => item));
    for (let key = 0; key < 300; key++) await cache.set(key, key);
    clock.advance(60_000);
    expect(await deque.size()).toBe(100);
    expect(await listed(deque)).toHaveLength(100);
  });

  test('is a typed error when there is no room for an item, and stays as it is', async () => {
    const cache = openCache({ entryLimit: 10 });
    const deque = cache.deque('name');
    await deque.extend([1, 2, 3]);
    await expect(deque.extend(Array.from({ length: 20 }, () => 1))).rejects.toMatchObject({
      code: 'ERR_DISKCACHE_FULL',
    });
    expect(await listed(deque)).toEqual([1, 2, 3]);
  });

  test('leaves nothing when it is empty, however it came to be', async () => {
    const cache = openCache({ fileThreshold: 100 });
    const deque = cache.deque('name');
    await deque.extend([1, LARGE, 3]);
    while ((await deque.pop()) !== undefined);
    expect(await cache.count()).toBe(0);
    await deque.extend([1, LARGE, 3]);
    await deque.clear();
    expect(await cache.count()).toBe(0);
    await turnsUntil(() => valueFiles(cache.directory).length === 0);
    expect(await cache.check()).toMatchObject({ problems: [] });
  });

  test('is one row more than its items as long as nothing was taken from the middle', async () => {
    const cache = openCache();
    const deque = cache.deque('name');
    for (let item = 0; item < 100; item++)
      await (item % 3 === 0 ? deque.appendLeft(item) : deque.append(item));
    for (let step = 0; step < 100; step++) {
      await deque.pop();
      await deque.append(step);
    }
    for (let step = 0; step < 30; step++) await deque.rotate(step % 2 === 0 ? -7 : 3);
    await deque.reverse();
    expect(await cache.count()).toBe(101);
    expect((await cache.entry('@deque/name'))?.size).toBeLessThan(500);
  });

  test('keeps large values in files, and removes them with their items', async () => {
    const cache = openCache({ fileThreshold: 100 });
    const deque = cache.deque<string>('name', { maxLength: 2 });
    await deque.extend([`${LARGE}1`, `${LARGE}2`, `${LARGE}3`]);
    expect([await deque.peekLeft(), await deque.at(1), await deque.pop()]).toEqual([
      `${LARGE}2`,
      `${LARGE}3`,
      `${LARGE}3`,
    ]);
    await deque.set(0, `${LARGE}new`);
    expect(await deque.popLeft()).toBe(`${LARGE}new`);
    await turnsUntil(() => valueFiles(cache.directory).length === 0);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 0, files: 0 });
  });

  test('passes over an item whose file is gone', async () => {
    const cache = openCache({ fileThreshold: 100 });
    cache.on('error', () => undefined);
    const deque = cache.deque('name');
    await deque.extend([LARGE, 'b', LARGE, 'd']);
    for (const file of valueFiles(cache.directory)) rmSync(file);
    expect([await deque.size(), await deque.at(0), await deque.at(1)]).toEqual([4, undefined, 'b']);
    expect(await listed(deque)).toEqual(['b', 'd']);
    expect([await deque.popLeft(), await deque.popLeft(), await deque.popLeft()]).toEqual([
      'b',
      'd',
      undefined,
    ]);
    expect(await cache.count()).toBe(0);
  });

  test('keeps an item that cannot be read for want of its serializer where it is', async () => {
    const directory = folderInMemory();
    const serializer: Serializer = { id: 'own', serialize: () => 'own', deserialize: () => 'read' };
    const writer = openCache({ serializer }, directory);
    await writer.deque('name').append({});
    const deque = openCache({}, directory).deque('name');
    await expect(deque.pop()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_SERIALIZER' });
    await expect(deque.peek()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_SERIALIZER' });
    expect(await writer.deque('name').pop()).toBe('read');
  });

  test('works with a serializer and a compression that are not for what it keeps itself', async () => {
    const serializer: Serializer = {
      id: 'list',
      serialize: (value) => (value as string[]).join(),
      deserialize: (data) => String(data).split(','),
    };
    const cache = openCache({
      serializer,
      compression: { algorithm: 'gzip', threshold: 1 },
      fileThreshold: 1,
    });
    const deque = cache.deque<string[]>('name');
    await deque.extend([['a', 'b'], ['c']]);
    await deque.rotate();
    await deque.reverse();
    expect(await listed(deque)).toEqual([['a', 'b'], ['c']]);
  });

  test.for(['/', 'a/b', '_', '\0', '%', '😀', 'name/x', 'x'.repeat(300)])(
    'can have the name %j',
    async (name) => {
      const cache = openCache();
      await cache.deque('name').extend([1, 2]);
      await cache.deque('a').extend([3, 4]);
      const deque = cache.deque(name);
      await deque.extend([5, 6, 7]);
      await deque.delete(1);
      expect(await listed(deque)).toEqual([5, 7]);
      await deque.clear();
      expect(await listed(cache.deque('name'))).toEqual([1, 2]);
      expect(await listed(cache.deque('a'))).toEqual([3, 4]);
      expect(await cache.count()).toBe(6);
    },
  );

  test('shares its transactions with calls that are made together', async () => {
    const directory = folderInMemory();
    const cache = openCache({}, directory);
    const deque = cache.deque('name');
    await deque.append(0);
    const before = transactionsInLog(directory);
    await Promise.all([
      deque.append(1),
      deque.append(2),
      cache.set('key', 1),
      deque.popLeft(),
      deque.rotate(),
    ]);
    // One, unless the machine is so busy that a few ms are over before.
    expect(transactionsInLog(directory) - before).toBeLessThan(5);
    expect(await listed(deque)).toEqual([2, 1]);
  });

  test('can be used in a transaction together with other entries, all or nothing', async () => {
    const cache = openCache();
    await cache.deque('jobs').extend(['a', 'b']);
    const failed = cache.transact((tx) => {
      tx.index('done').set('a', tx.deque('jobs').popLeft());
      tx.deque('jobs').append('c');
      throw new Error('of the body');
    });
    await expect(failed).rejects.toThrow('of the body');
    expect([await listed(cache.deque('jobs')), await cache.index('done').size()]).toEqual([['a', 'b'], 0]);
    await cache.transact((tx) => tx.index('done').set('a', tx.deque('jobs').popLeft()));
    expect([await listed(cache.deque('jobs')), await cache.index('done').get('a')]).toEqual([['b'], 'a']);
  });
});

describe('at() and its like', () => {
  test('count from the right where the position is negative', async () => {
    const deque = await filled([10, 20, 30]);
    expect(await Promise.all([0, 2, 3, -1, -3, -4].map((index) => deque.at(index)))).toEqual([
      10,
      30,
      undefined,
      30,
      10,
      undefined,
    ]);
    expect(await Promise.all([deque.set(-1, 31), deque.set(3, 1), deque.set(-4, 1)])).toEqual([
      true,
      false,
      false,
    ]);
    expect(await Promise.all([deque.delete(-3), deque.delete(2), deque.delete(-3)])).toEqual([
      true,
      false,
      false,
    ]);
    expect(await listed(deque)).toEqual([20, 31]);
  });

  test.for([1.5, NaN, Infinity, '0', null, undefined, 2 ** 53])('refuse %s as a position', async (index) => {
    const cache = openCache();
    const message = /must be a whole number; given/;
    await expect(cache.deque('name').at(index as never)).rejects.toThrow(message);
    await expect(cache.deque('name').delete(index as never)).rejects.toThrow(message);
    await expect(cache.deque('name').set(index as never, 1)).rejects.toThrow(message);
    if (index !== undefined)
      await expect(cache.deque('name').rotate(index as never)).rejects.toThrow(message);
    expect(() => cache.sync.deque('name').at(index as never)).toThrow(message);
  });
});

describe('pop() and popLeft() that wait', () => {
  test('get items in the order of their calls, as soon as there are any', async () => {
    const cache = openCache();
    const deque = cache.deque<number>('name');
    const waiting = [1, 2, 3].map(() => deque.popLeft({ wait: true }));
    await setImmediate();
    await cache.deque('name').extend([10, 20]);
    await cache.deque<number>('name').transact((inside) => inside.append(30));
    expect(await Promise.all(waiting)).toEqual([10, 20, 30]);
    expect(await deque.size()).toBe(0);
  });

  test('get what another cache on the folder adds, and large values', async () => {
    const directory = folderInMemory();
    const waiting = openCache({ fileThreshold: 100 }, directory).deque('name').pop({ wait: true });
    await openCache({ fileThreshold: 100 }, directory).deque('name').append(LARGE);
    expect(await waiting).toBe(LARGE);
  });

  test('give up after their timeout, or for their signal, and take nothing then', async () => {
    const deque = openCache().deque('name');
    await expect(deque.pop({ wait: true, timeout: 3 })).rejects.toThrow(
      /the deque "name" was empty for longer than/,
    );
    const reason = new Error('enough');
    await expect(deque.pop({ wait: true, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = deque.pop({ wait: true, signal: controller.signal });
    await setImmediate();
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await deque.append(1);
    expect(await deque.size()).toBe(1);
  });

  test('write nothing while they wait', async () => {
    const directory = folderInMemory();
    const cache = openCache({}, directory);
    await cache.set('key', 1);
    const before = transactionsInLog(directory);
    const waiting = cache.deque('name').pop({ wait: true });
    await turnsUntil(async () => (await cache.stats()).misses >= 5);
    expect(transactionsInLog(directory)).toBe(before);
    await cache.deque('name').append(1);
    expect(await waiting).toBe(1);
  });

  test.for([
    [{ timeout: 5 }, /wait must be true where timeout or signal is given/],
    [{ wait: 1 }, /wait must be true or false; given 1/],
    [{ wait: true, timeout: -1 }, /timeout must be/],
    [{ waits: true }, /unknown option 'waits'/],
  ] as const)('refuse %j', async ([options, message]) => {
    await expect(
      openCache()
        .deque('name')
        .pop(options as never),
    ).rejects.toThrow(message);
  });
});

describe('maxLength', () => {
  test('pushes items out at the other end, in the same transaction', async () => {
    const cache = openCache();
    const deque = cache.deque<number>('name', { maxLength: 3 });
    expect([await deque.extend([1, 2, 3, 4, 5]), await listed(deque)]).toEqual([3, [3, 4, 5]]);
    expect([await deque.appendLeft(2), await listed(deque)]).toEqual([3, [2, 3, 4]]);
    expect(await cache.count()).toBe(4);
  });

  test('trims what there is beyond it when an item is added', async () => {
    const cache = openCache();
    await cache.deque('name').extend([1, 2, 3, 4, 5]);
    const deque = cache.deque('name', { maxLength: 2 });
    expect(await deque.size()).toBe(5);
    await deque.append(6);
    expect(await listed(deque)).toEqual([5, 6]);
  });

  test('of 0 keeps nothing, and of 1 the last', async () => {
    const cache = openCache({ fileThreshold: 100 });
    expect(await cache.deque('none', { maxLength: 0 }).extend([1, LARGE])).toBe(0);
    expect(await cache.count()).toBe(0);
    await cache.deque('one', { maxLength: 1 }).extend([1, LARGE, 3]);
    expect(await listed(cache.deque('one'))).toEqual([3]);
    expect(await cache.check()).toMatchObject({ ok: true, entries: 2, files: 0 });
  });

  test.for([-1, 1.5, NaN, '5', null])('cannot be %s', (maxLength) => {
    const cache = openCache();
    const message = /maxLength must be a whole number from 0 up, or Infinity/;
    expect(() => cache.deque('name', { maxLength } as never)).toThrow(message);
    expect(() => cache.sync.deque('name', { maxLength } as never)).toThrow(message);
  });
});

describe('going through a deque', () => {
  test('meets each item once that is there all the time, while others take and add', async () => {
    const deque = await filled(Array.from({ length: 200 }, (_, item) => item));
    const met: number[] = [];
    for await (const item of deque) {
      met.push(item);
      if (item % 2 === 0) await deque.popLeft();
      if (item % 10 === 0) await deque.append(1000 + item);
      if (item === 50) await deque.rotate(20);
      if (item === 60) await Promise.all(Array.from({ length: 10 }, () => deque.delete(100)));
    }
    expect(new Set(met).size).toBe(met.length);
    expect(met.every((item) => item < 1000)).toBe(true);
    const left = (await listed(deque)).filter((item) => item < 1000);
    expect(left.length).toBeGreaterThan(50);
    expect(met).toEqual(expect.arrayContaining(left));
  });

  test('ends when the deque is given to itself', async () => {
    const deque = await filled([1, 2, 3]);
    expect(await deque.extend(deque)).toBe(6);
    expect(await deque.extendLeft(deque.values({ reverse: true }))).toBe(12);
    expect(await listed(deque)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });

  test('extend() takes whatever gives items, and refuses what does not', async () => {
    const deque = openCache().deque<unknown>('name');
    await deque.extend(new Set([1]));
    await deque.extend(
      (async function* () {
        yield* Array.from({ length: 300 }, () => 2);
      })(),
    );
    expect(await deque.size()).toBe(301);
    for (const wrong of ['text', 5, null, undefined, {}])
      await expect(deque.extend(wrong as never)).rejects.toThrow(
        /values must be an array or another iterable/,
      );
  });
});

test('equals() compares all items in their order, with deques, arrays and what comes in time', async () => {
  const cache = openCache();
  const one = cache.deque('one');
  await one.extend([1, { a: [2n] }]);
  await cache.deque('other').extend([1, { a: [2n] }]);
  expect(await one.equals(one)).toBe(true);
  expect(await one.equals(cache.deque('other'))).toBe(true);
  expect(await one.equals([1, { a: [2n] }])).toBe(true);
  expect(await one.equals([1])).toBe(false);
  expect(await one.equals([1, { a: [2n] }, 3])).toBe(false);
  expect(await one.equals([1, { a: [2] } as never])).toBe(false);
  expect(await cache.deque('empty').equals([])).toBe(true);
  await expect(one.equals('text' as never)).rejects.toThrow(/other must be/);
  const sync = cache.sync.deque('one');
  expect([sync.equals(sync), sync.equals([1, { a: [2n] }]), sync.equals([])]).toEqual([true, true, false]);
});

test('remove() takes the first equal item out, and the next where that was taken meanwhile', async () => {
  const deque = openCache({ fileThreshold: 100 }).deque<unknown>('name');
  await deque.extend([1, { a: 1 }, LARGE, { a: 1 }, 1]);
  expect([await deque.remove({ a: 1 }), await deque.remove(LARGE), await deque.remove('none')]).toEqual([
    true,
    true,
    false,
  ]);
  expect(await listed(deque)).toEqual([1, { a: 1 }, 1]);
  const [first, second, third] = await Promise.all([deque.remove(1), deque.remove(1), deque.remove(1)]);
  expect([first, second, third].filter(Boolean)).toHaveLength(2);
  expect(await listed(deque)).toEqual([{ a: 1 }]);
});

test('clear() is one moment for others, and ends what an earlier one has begun', async () => {
  const directory = folderInMemory();
  const cache = openCache({}, directory);
  const other = openCache({}, directory);
  await cache.deque('name').extend(Array.from({ length: 5000 }, (_, item) => item));
  const clearing = cache.deque('name').clear();
  const sizes = new Set<number>();
  let isCleared = false;
  void clearing.then(() => (isCleared = true));
  while (!isCleared) {
    sizes.add(await other.deque('name').size());
    await setImmediate();
  }
  expect([...sizes].every((size) => size === 0 || size === 5000)).toBe(true);
  expect(await cache.count()).toBe(0);
});

test('what a clear() that was killed has left goes with a later append()', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const deque = cache.deque('name');
  await deque.extend([1, 2, 3]);
  const root = JSON.parse((await cache.get<string>('@deque/name')) as string);
  const past = [{ life: root.life, ended: clock.now() }];
  const cleared = { ...root, life: 'new', past, low: 0, high: 0, rope: '[1]' };
  await cache.set('@deque/name', JSON.stringify(cleared), { pinned: true });
  await deque.append(4);
  expect([await cache.count(), await listed(deque)]).toEqual([5, [4]]);
  clock.advance(61_000);
  await deque.append(5);
  expect([await cache.count(), await listed(deque)]).toEqual([3, [4, 5]]);
});

test('values are compared also where isDeepStrictEqual() of Node.js fails', async () => {
  const deque = openCache().deque('name');
  const odd = [new Set([null, 0n, new Date(0), '']), 0n];
  const other = [new Set([new Date(0), new Date(1), new Date(2), new Uint8Array()]), new Set()];
  await deque.extend([other, odd]);
  expect([await deque.count(odd), await deque.remove(odd), await deque.size()]).toEqual([1, true, 1]);
});

test('two Sets are equal whatever the order of the parts of which Node.js cannot compare each two', async () => {
  const deque = openCache().deque('name');
  const parts = () => [
    new Set([null, new Date(0), 0n, '']),
    new Set([new Date(0), new Date(1), new Date(2), new Uint8Array()]),
  ];
  const reversed = [new Map([['a', [new Set(parts().toReversed()), { b: undefined }]]])];
  await deque.append([new Map([['a', [new Set(parts()), { b: undefined }]]])]);
  expect(await deque.includes(reversed)).toBe(true);
  (reversed[0] as Map<string, unknown>).set('a', [new Set(parts().toReversed()), { b: null }]);
  expect(await deque.includes(reversed)).toBe(false);
});

test.for(['pop', 'popLeft'] as const)(
  '%s() of a large item that cannot be read leaves it in its place',
  async (verb) => {
    const directory = folderInMemory();
    const list: Serializer = {
      id: 'list',
      serialize: (value) => (value as string[]).join(),
      deserialize: (text) => String(text).split(','),
    };
    const writer = openCache({ fileThreshold: 100, serializer: list }, directory);
    const reader = openCache({ fileThreshold: 100 }, directory).deque('name');
    for (const items of [
      [[LARGE]],
      [
        ['1', LARGE],
        ['2', LARGE],
        ['3', LARGE],
      ],
    ]) {
      await writer.deque('name').extend(items);
      await expect(reader[verb]()).rejects.toMatchObject({ code: 'ERR_DISKCACHE_SERIALIZER' });
      await expect(reader[verb]({ wait: true })).rejects.toMatchObject({ code: 'ERR_DISKCACHE_SERIALIZER' });
      expect(await listed(writer.deque('name'))).toEqual(items);
      for (const _ of items) await writer.deque('name')[verb]();
      expect(await writer.count()).toBe(0);
    }
  },
);

test('a popLeft() that was called before close() gives its item, large or small', async () => {
  const directory = folderInMemory();
  for (const item of [LARGE, 'small']) {
    const cache = openCache({ fileThreshold: 100 }, directory);
    await cache.deque('name').extend([item, 'next']);
    const popping = cache.deque('name').popLeft();
    await cache.close();
    expect(await popping).toBe(item);
    expect(await openCache({}, directory).deque('name').popLeft()).toBe('next');
  }
});
