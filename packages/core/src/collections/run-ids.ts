import type { Run } from './rope.ts';

/** The ids of runs in their order, or from the last to the first, some at a time. */
export function* idsOf(
  { runs, isReversed }: { readonly runs: readonly Run[]; readonly isReversed: boolean },
  isBackward: boolean,
  atOnce: number,
): Generator<number[], void> {
  const isFalling = isReversed !== isBackward;
  let some: number[] = [];
  for (const [first, length] of isBackward ? runs.toReversed() : runs) {
    for (let place = 0; place < length; place++) {
      some.push(isFalling ? first + length - 1 - place : first + place);
      if (some.length < atOnce) continue;
      yield some;
      some = [];
    }
  }
  if (some.length > 0) yield some;
}
