/** One call of one process on one key: when it was made, when it was answered, and with what. */
export interface Call {
  readonly process: number;
  readonly key: string;
  readonly verb: 'set' | 'get' | 'add' | 'delete' | 'pop' | 'swap' | 'incr';
  /** What was stored, where the verb stores something. */
  readonly value?: string | number | undefined;
  readonly result: unknown;
  /** By a clock that all processes share. */
  readonly start: number;
  readonly end: number;
}

type Held = string | number | undefined;

/** What a key holds after a call that finds `held` there, or 'impossible' when the call would have had another result. */
function after(held: Held, { verb, value, result }: Call): { held: Held } | 'impossible' {
  switch (verb) {
    case 'set':
      return { held: value };
    case 'get':
      return result === held ? { held } : 'impossible';
    case 'add':
      return result === (held === undefined) ? { held: held ?? value } : 'impossible';
    case 'delete':
      return result === (held !== undefined) ? { held: undefined } : 'impossible';
    case 'pop':
      return result === held ? { held: undefined } : 'impossible';
    case 'swap':
      return result === held ? { held: value } : 'impossible';
    case 'incr': {
      const sum = Number(held ?? 0) + 1;
      return result === sum ? { held: sum } : 'impossible';
    }
  }
}

/**
 * Whether calls on one key can be put into one order that keeps to real time, and in which each has the result that it
 * had (Herlihy and Wing, "Linearizability", 1990). Calls of one process follow each other, so that how far each process
 * has come, with what the key holds, is all there is to remember of what was tried.
 *
 * @returns undefined when they can, else the calls that are next in the order that goes furthest
 */
export function notLinearizable(calls: readonly Call[]): readonly Call[] | undefined {
  const byProcess = [...Map.groupBy(calls, ({ process }) => process).values()].map((own) =>
    own.toSorted((a, b) => a.start - b.start),
  );
  const tried = new Set<string>();
  const untried: { done: number[]; held: Held }[] = [{ done: byProcess.map(() => 0), held: undefined }];
  let furthest: { count: number; next: readonly Call[] } = { count: -1, next: [] };
  for (let state = untried.pop(); state !== undefined; state = untried.pop()) {
    const { done, held } = state;
    const next = byProcess.flatMap((own, place) => own[done[place] as number] ?? []);
    if (next.length === 0) return undefined;
    const count = done.reduce((sum, one) => sum + one, 0);
    if (count > furthest.count) furthest = { count, next };
    // A call that was made after another was answered cannot come before that.
    const earliestEnd = Math.min(...next.map(({ end }) => end));
    for (const [place, own] of byProcess.entries()) {
      const call = own[done[place] as number];
      if (call === undefined || call.start > earliestEnd) continue;
      const then = after(held, call);
      if (then === 'impossible') continue;
      const further = { done: done.with(place, (done[place] as number) + 1), held: then.held };
      const mark = `${further.done.join()} ${String(further.held)}`;
      if (!tried.has(mark)) {
        tried.add(mark);
        untried.push(further);
      }
    }
  }
  return furthest.next;
}
