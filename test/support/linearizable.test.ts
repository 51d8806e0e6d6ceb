import { expect, test } from 'vitest';
import { type Call, notLinearizable } from './linearizable.ts';

const call = (
  process: number,
  start: number,
  end: number,
  rest: Pick<Call, 'verb' | 'value' | 'result'>,
): Call => ({
  key: 'key',
  process,
  start,
  end,
  ...rest,
});

test('a read that sees the write that was answered before it is in order', () => {
  expect(
    notLinearizable([
      call(0, 0, 1, { verb: 'set', value: 'a', result: undefined }),
      call(1, 2, 3, { verb: 'get', result: 'a' }),
    ]),
  ).toBeUndefined();
});

test('a read that misses a write that was answered before it is found out', () => {
  const stale = call(1, 2, 3, { verb: 'get', result: undefined });
  expect(notLinearizable([call(0, 0, 1, { verb: 'set', value: 'a', result: undefined }), stale])).toEqual([
    stale,
  ]);
});

test('a read beside a write may see it or not, but two reads after each other not the other way round', () => {
  const write = call(0, 0, 10, { verb: 'set', value: 'a', result: undefined });
  const sees = (start: number) => call(1, start, start + 1, { verb: 'get', result: 'a' });
  const misses = (start: number) => call(1, start, start + 1, { verb: 'get', result: undefined });
  expect(notLinearizable([write, misses(2), sees(4)])).toBeUndefined();
  expect(notLinearizable([write, sees(2), misses(4)])).toBeDefined();
});

test('two sums that are alike are a lost update', () => {
  expect(
    notLinearizable([
      call(0, 0, 10, { verb: 'incr', result: 1 }),
      call(1, 0, 10, { verb: 'incr', result: 1 }),
    ]),
  ).toBeDefined();
});
