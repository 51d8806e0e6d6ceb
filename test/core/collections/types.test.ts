import type { Deque, DequeSync, DiskCache, Held, Index, Key } from '@diskcache/core';
import { expect, expectTypeOf, test } from 'vitest';

/** For the compiler alone. */
function collections(cache: DiskCache): void {
  const deque = cache.deque<string>('name');
  expectTypeOf(deque).toEqualTypeOf<Deque<string>>();
  expectTypeOf(deque.popLeft()).toEqualTypeOf<Promise<string | undefined>>();
  expectTypeOf(deque.popLeft({ wait: true })).toEqualTypeOf<Promise<string>>();
  expectTypeOf(deque.at(0)).toEqualTypeOf<Promise<string | undefined>>();
  // @ts-expect-error no number
  void deque.append(5);
  const index = cache.index<number, Date>('name');
  expectTypeOf(index.get(5)).toEqualTypeOf<Promise<Date | undefined>>();
  expectTypeOf(index.get(5, 'none')).toEqualTypeOf<Promise<Date | string>>();
  expectTypeOf(index.popItem()).toEqualTypeOf<Promise<[key: number, value: Date] | undefined>>();
  expectTypeOf(cache.index('name')).toEqualTypeOf<Index<Key, unknown>>();
  // @ts-expect-error no string
  void index.get('key');
  expectTypeOf(cache.sync.deque<number>('name')).toEqualTypeOf<DequeSync<number>>();
  expectTypeOf(cache.lock('name').acquire()).toEqualTypeOf<Promise<Held>>();
  const dated = index.memoize((n: number) => new Date(n), { name: 'date' });
  expectTypeOf(dated(5)).toEqualTypeOf<Promise<Date>>();
  const slow = cache.throttle(async (text: string) => text.length, { name: 'length', limit: 5 });
  expectTypeOf(slow('text')).toEqualTypeOf<Promise<number>>();
}

test('collections have the types that they are asked for with', () => {
  expect(collections).toBeTypeOf('function');
});
