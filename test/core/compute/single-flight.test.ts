import { TimeoutError } from '@diskcache/core';
import { expect, test } from 'vitest';
import { openCache } from '../../support/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

/** A computation that waits to be told what it comes to, and counts how often it was begun. */
function computation() {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const signals: AbortSignal[] = [];
  const compute = ({ signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return promise;
  };
  return { compute, signals, resolve, reject, begun: () => turnsUntil(() => signals.length > 0) };
}

const fails = (error: Error) => () => {
  throw error;
};

test('Calls that are made while a value is computed wait for it, and get that one', async () => {
  const cache = openCache();
  const { compute, signals, resolve, begun } = computation();
  const first = [1, 2, 3].map(() => cache.getOrSet('key', compute));
  await begun();
  const second = [1, 2, 3].map(() => cache.getOrSet('key', compute));
  await someTurns();
  const value = { computed: true };
  resolve(value);
  const all = await Promise.all([...first, ...second]);
  expect(all.every((one) => one === value)).toBe(true);
  expect(signals.length).toBe(1);
});

test('Different keys are computed at the same time', async () => {
  const cache = openCache();
  const [a, b] = [computation(), computation()];
  const values = [cache.getOrSet('1', a.compute), cache.getOrSet(1, b.compute)];
  await Promise.all([a.begun(), b.begun()]);
  b.resolve('number');
  a.resolve('string');
  expect(await Promise.all(values)).toEqual(['string', 'number']);
});

test('The value is committed when the promise resolves', async () => {
  const cache = openCache();
  await cache.getOrSet('key', async () => 'value');
  expect(cache.sync.get('key')).toBe('value');
});

test('All calls that wait get what the function throws, the very same', async () => {
  const cache = openCache();
  const { compute, reject, begun } = computation();
  const outcomes = Promise.allSettled([1, 2, 3].map(() => cache.getOrSet('key', compute)));
  await begun();
  const error = new Error('of the computation');
  reject(error);
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: error });
});

test('A failure that its caller is told of is no error event', async () => {
  const cache = openCache();
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  await expect(cache.getOrSet('key', fails(new Error('told')))).rejects.toThrow('told');
  await someTurns();
  expect(heard).toEqual([]);
});

test('A call sees a set that was called before it, and does not compute', async () => {
  const cache = openCache();
  void cache.set('key', 'set');
  expect(await cache.getOrSet('key', fails(new Error('computed')))).toBe('set');
});

test('A read that is called after getOrSet() has stored sees the value', async () => {
  const cache = openCache({ fileThreshold: 10 });
  const large = 'large '.repeat(10);
  expect(await cache.getOrSet('key', async () => large)).toBe(large);
  expect(await cache.get('key')).toBe(large);
});

test('A call whose signal is aborted already neither looks nor computes', async () => {
  const cache = openCache();
  await cache.set('there', 1);
  const options = { signal: AbortSignal.abort('the reason') };
  for (const key of ['key', 'there']) {
    const call = cache.getOrSet(key, fails(new Error('computed')), options);
    await expect(call).rejects.toBe('the reason');
  }
  expect(await cache.stats()).toMatchObject({ hits: 0, misses: 0 });
});

test('A call stops waiting when its signal is aborted, and the computation goes on for the others', async () => {
  const cache = openCache();
  const { compute, signals, resolve, begun } = computation();
  const controller = new AbortController();
  const left = cache.getOrSet('key', compute, { signal: controller.signal });
  const stays = cache.getOrSet('key', compute);
  await begun();
  controller.abort('the reason');
  await expect(left).rejects.toBe('the reason');
  expect(signals[0]?.aborted).toBe(false);
  resolve('value');
  expect(await stays).toBe('value');
});

test('When the last call has stopped waiting by its signal the computation is aborted, with its reason', async () => {
  const cache = openCache();
  const { compute, signals, begun } = computation();
  const [a, b] = [new AbortController(), new AbortController()];
  const calls = [a, b].map(({ signal }) => cache.getOrSet('key', compute, { signal }));
  await begun();
  a.abort('a');
  await expect(calls[0]).rejects.toBe('a');
  expect(signals[0]?.aborted).toBe(false);
  b.abort('b');
  await expect(calls[1]).rejects.toBe('b');
  expect(signals[0]).toMatchObject({ aborted: true, reason: 'b' });
});

test('What comes of a computation that was aborted is not stored, and the next call computes anew', async () => {
  const cache = openCache();
  const aborted = computation();
  const controller = new AbortController();
  const left = cache.getOrSet('key', aborted.compute, { signal: controller.signal });
  await aborted.begun();
  controller.abort('the reason');
  const next = cache.getOrSet('key', () => 'new');
  aborted.resolve('old');
  await expect(left).rejects.toBe('the reason');
  expect(await next).toBe('new');
  expect(await cache.get('key')).toBe('new');
});

test('That a computation was aborted is no failure to be kept', async () => {
  const cache = openCache();
  const { compute, begun } = computation();
  const controller = new AbortController();
  const left = cache.getOrSet('key', compute, { signal: controller.signal, errorTtl: 1000 });
  await begun();
  controller.abort('the reason');
  await expect(left).rejects.toBe('the reason');
  expect(await cache.getOrSet('key', () => 'new')).toBe('new');
});

test('A computation that fails because it was aborted is no error event', async () => {
  const cache = openCache();
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  const controller = new AbortController();
  const { compute, signals, reject, begun } = computation();
  const left = cache.getOrSet('key', compute, { signal: controller.signal });
  await begun();
  controller.abort('the reason');
  reject(signals[0]?.reason as Error);
  await expect(left).rejects.toBe('the reason');
  await someTurns();
  expect(heard).toEqual([]);
});

test('A call that waits longer than its timeout is refused with TimeoutError; the computation goes on and is stored', async () => {
  const cache = openCache();
  const { compute, signals, resolve, begun } = computation();
  const late = cache.getOrSet('key', compute, { timeout: 5 });
  await begun();
  await expect(late).rejects.toThrow(TimeoutError);
  await expect(late).rejects.toMatchObject({
    code: 'ERR_DISKCACHE_TIMEOUT',
    message: 'the value was being computed for longer than the timeout of 5 ms',
  });
  expect(signals[0]?.aborted).toBe(false);
  const patient = cache.getOrSet('key', compute);
  resolve('value');
  expect(await patient).toBe('value');
  expect(signals.length).toBe(1);
});

test('A signal that is aborted after the timeout still stops the computation when nobody else waits', async () => {
  const cache = openCache();
  const { compute, signals, begun } = computation();
  const controller = new AbortController();
  const late = cache.getOrSet('key', compute, { timeout: 5, signal: controller.signal });
  await begun();
  await expect(late).rejects.toThrow(TimeoutError);
  controller.abort('the reason');
  expect(signals[0]).toMatchObject({ aborted: true, reason: 'the reason' });
});

test('A failure that nobody waited for any more is an error event', async () => {
  const cache = openCache();
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  const { compute, reject, begun } = computation();
  const late = cache.getOrSet('key', compute, { timeout: 5 });
  await begun();
  await expect(late).rejects.toThrow(TimeoutError);
  const error = new Error('too late');
  reject(error);
  await turnsUntil(() => heard.length > 0);
  expect(heard).toMatchObject([{ code: 'ERR_DISKCACHE_COMPUTE', cause: error }]);
  expect(heard[0]?.message).toBe('the value of key "key" could not be computed: too late');
});

test('A computation that takes more than ten timeouts of its calls does not keep others from trying anew', async () => {
  const clock = new FakeClock();
  const cache = openCache({ clock });
  const hung = computation();
  const late = cache.getOrSet('key', hung.compute, { timeout: 3, lease: 900 });
  await hung.begun();
  await expect(late).rejects.toThrow(TimeoutError);
  const overdue = performance.now() + 31;
  await turnsUntil(() => performance.now() > overdue);
  clock.advance(900);
  expect(await cache.getOrSet('key', () => 'new')).toBe('new');
  hung.resolve('old');
  await someTurns();
  expect(await cache.get('key')).toBe('new');
});

test('A value that cannot be stored for want of room is returned, and the reason is an error event', async () => {
  const cache = openCache({ sizeLimit: 10_000 });
  const heard: Error[] = [];
  cache.on('error', (error) => heard.push(error));
  const large = 'x'.repeat(20_000);
  expect(await cache.getOrSet('key', () => large)).toBe(large);
  expect(heard).toMatchObject([{ code: 'ERR_DISKCACHE_TOO_LARGE' }]);
  expect(await cache.getOrSet('key', () => 'small')).toBe('small');
  expect(await cache.get('key')).toBe('small');
});

test.for<[string, (cache: ReturnType<typeof openCache>) => Promise<unknown>]>([
  ['delete()', (cache) => cache.delete('key')],
  ['deleteMany()', (cache) => cache.deleteMany(['key'])],
  ['clear()', (cache) => cache.clear()],
  ['evict() of a tag that it gets', (cache) => cache.evict('tag\0"')],
  ['deletePrefix()', (cache) => cache.deletePrefix('ke')],
  ['a set() that has expired already', (cache) => cache.set('key', 1, { expires: 0 })],
])('What was begun before %s is returned to those who waited, and not stored', async ([, remove]) => {
  const cache = openCache();
  const before = computation();
  const old = cache.getOrSet('key', before.compute, { tags: ['other', 'tag\0"'] });
  await before.begun();
  const removed = remove(cache);
  const after = cache.getOrSet('key', () => 'new');
  before.resolve('old');
  await removed;
  expect(await old).toBe('old');
  expect(await after).toBe('new');
  expect(await cache.get('key')).toBe('new');
});

test.for<[string, (cache: ReturnType<typeof openCache>) => Promise<unknown>]>([
  ['delete() of another key', (cache) => cache.delete('other')],
  ['evict() of a tag that it does not get', (cache) => cache.evict('ta')],
  ['deletePrefix() of other keys', (cache) => cache.deletePrefix('key2')],
  ['expire()', (cache) => cache.expire()],
])('What was begun before %s is stored', async ([, remove]) => {
  const cache = openCache();
  const { compute, resolve, begun } = computation();
  const value = cache.getOrSet('key', compute, { tags: ['tag'] });
  await begun();
  await remove(cache);
  resolve('value');
  await value;
  expect(await cache.get('key')).toBe('value');
});

test('What is set while a value is computed is not overwritten', async () => {
  const cache = openCache();
  const { compute, resolve, begun } = computation();
  const value = cache.getOrSet('key', compute);
  await begun();
  await cache.set('key', 'set');
  expect(await cache.getOrSet('key', fails(new Error('computed')))).toBe('set');
  resolve('computed');
  expect(await value).toBe('computed');
  expect(await cache.get('key')).toBe('set');
});

test('close() waits for calls that compute, and what they compute is stored', async () => {
  const cache = openCache({ fileThreshold: 10 });
  const { compute, resolve, begun } = computation();
  const value = cache.getOrSet('key', compute);
  await begun();
  const closed = cache.close();
  resolve('a value in a file');
  await closed;
  expect(await value).toBe('a value in a file');
  expect(openCache({}, cache.directory).sync.get('key')).toBe('a value in a file');
});

test('close() waits for a getOrSet() that was called just before it', async () => {
  const cache = openCache();
  void cache.set('key', 1, { expires: 0 });
  const value = cache.getOrSet('key', async () => 'value');
  await cache.close();
  expect(await value).toBe('value');
});

test('close() aborts what nobody waits for any more, and does not wait for it', async () => {
  const cache = openCache();
  const { compute, signals, resolve, begun } = computation();
  const late = cache.getOrSet('key', compute, { timeout: 5 });
  await begun();
  await expect(late).rejects.toThrow(TimeoutError);
  await cache.close();
  expect(signals[0]).toMatchObject({ aborted: true, reason: { code: 'ERR_DISKCACHE_CLOSED' } });
  resolve('too late');
  await someTurns();
  expect(openCache({}, cache.directory).sync.getOrSet('key', () => 'new')).toBe('new');
});
