import fc from 'fast-check';
import { expect } from 'vitest';
import { listed } from '../support/caches.ts';

/** Some steps in one transaction, which may be taken back. */
export interface TransactStep<Step> {
  readonly do: 'transact';
  readonly steps: readonly Step[];
  readonly fails: boolean;
}

/** What both doors of a collection have, as promises or not. */
export type Verbs = { [name: string]: (...given: unknown[]) => unknown } & Iterable<unknown>;

/** Sequences of about 60 steps, with a transaction of some here and there. */
export function sequencesOf<Step>(
  simpleStep: fc.Arbitrary<Step>,
): fc.Arbitrary<(Step | TransactStep<Step>)[]> {
  const transact = fc.record({
    do: fc.constant('transact' as const),
    steps: fc.array(simpleStep, { maxLength: 8 }),
    fails: fc.boolean(),
  });
  return fc.array(fc.oneof({ weight: 15, arbitrary: simpleStep }, { weight: 1, arbitrary: transact }), {
    minLength: 30,
    maxLength: 90,
    size: 'max',
  });
}

/** A collection whose verbs can be taken off it. */
export function bound(collection: object): Verbs {
  return new Proxy(collection, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  }) as Verbs;
}

/** Carries out some steps in one transaction of a collection. */
export function transacted<Step>(
  collection: Verbs,
  { steps, fails }: TransactStep<Step>,
  take: (collection: Verbs, step: Step) => unknown,
): unknown {
  const done = collection['transact']?.((inner: object) => {
    const results = steps.map((one) => take(bound(inner), one));
    if (fails) throw new Error('taken back');
    return results;
  }) as Promise<unknown>;
  return done.catch(() => 'failed');
}

/** All that an iterator of either door goes through. */
export function listOf(all: unknown): unknown {
  return Symbol.iterator in (all as object)
    ? [...(all as Iterable<unknown>)]
    : listed(all as AsyncIterable<unknown>);
}

/**
 * Carries out steps on a collection and on a model, and expects the same of both.
 *
 * @param every how many calls are made before they are awaited, where `isLong` does not say that one takes several turns,
 *   in which calls that are made later may take effect
 */
export async function agreeing<Step>(
  steps: readonly Step[],
  {
    take,
    expected,
    isLong,
    every,
  }: {
    readonly take: (step: Step) => unknown;
    readonly expected: (step: Step) => unknown;
    readonly isLong: (step: Step) => boolean;
    readonly every: number;
  },
): Promise<void> {
  let calls: { step: Step; given: unknown; expected: unknown }[] = [];
  const settle = async () => {
    for (const call of calls) expect([call.step, await call.given]).toStrictEqual([call.step, call.expected]);
    calls = [];
  };
  for (const [place, step] of steps.entries()) {
    if (isLong(step)) await settle();
    calls.push({ step, given: take(step), expected: expected(step) });
    if (isLong(step) || place % every === 0) await settle();
  }
  await settle();
}
