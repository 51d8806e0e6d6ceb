/** One call of one process: when it was made, when it was answered, and with what. */
export interface TimedCall {
  readonly process: number;
  readonly result: unknown;
  /** By a clock that all processes share. */
  readonly start: number;
  readonly end: number;
}

/** One call on one key. */
export interface Call extends TimedCall {
  readonly key: string;
  readonly verb: 'set' | 'get' | 'add' | 'delete' | 'pop' | 'swap' | 'incr';
  /** What was stored, where the verb stores something. */
  readonly value?: string | number | undefined;
}

/** What the calls are on, as if there were only one process. */
export interface Specification<State, AnyCall extends TimedCall> {
  readonly initial: State;
  /** The state after a call that finds `state` there, or 'impossible' when the call would have had another result. */
  readonly after: (state: State, call: AnyCall) => { readonly state: State } | 'impossible';
  /** A text that is the same for the same states. */
  readonly mark: (state: State) => string;
}

type Held = string | number | undefined;

/** What a key holds. */
const KEY: Specification<Held, Call> = {
  initial: undefined,
  mark: String,
  after(held, { verb, value, result }) {
    switch (verb) {
      case 'set':
        return { state: value };
      case 'get':
        return result === held ? { state: held } : 'impossible';
      case 'add':
        return result === (held === undefined) ? { state: held ?? value } : 'impossible';
      case 'delete':
        return result === (held !== undefined) ? { state: undefined } : 'impossible';
      case 'pop':
        return result === held ? { state: undefined } : 'impossible';
      case 'swap':
        return result === held ? { state: value } : 'impossible';
      case 'incr': {
        const sum = Number(held ?? 0) + 1;
        return result === sum ? { state: sum } : 'impossible';
      }
    }
  },
};

/**
 * Whether calls, on one key where nothing else is said, can be put into one order that keeps to real time, and in which each has the result that it
 * had (Herlihy and Wing, "Linearizability", 1990). Calls of one process follow each other, so that how far each process
 * has come, with what the key holds, is all there is to remember of what was tried.
 *
 * @returns undefined when they can, else the calls that are next in the order that goes furthest
 */
export function notLinearizable(calls: readonly Call[]): readonly Call[] | undefined;
export function notLinearizable<State, AnyCall extends TimedCall>(
  calls: readonly AnyCall[],
  specification: Specification<State, AnyCall>,
): readonly AnyCall[] | undefined;
export function notLinearizable(
  calls: readonly TimedCall[],
  specification: unknown = KEY,
): readonly TimedCall[] | undefined {
  const { initial, after, mark } = specification as Specification<unknown, TimedCall>;
  const byProcess = [...Map.groupBy(calls, ({ process }) => process).values()].map((own) =>
    own.toSorted((a, b) => a.start - b.start),
  );
  const tried = new Set<string>();
  const untried: { done: number[]; state: unknown }[] = [{ done: byProcess.map(() => 0), state: initial }];
  let furthest: { count: number; next: readonly TimedCall[] } = { count: -1, next: [] };
  for (let one = untried.pop(); one !== undefined; one = untried.pop()) {
    const { done, state } = one;
    const next = byProcess.flatMap((own, place) => own[done[place] as number] ?? []);
    if (next.length === 0) return undefined;
    const count = done.reduce((sum, one) => sum + one, 0);
    if (count > furthest.count) furthest = { count, next };
    // A call that was made after another was answered cannot come before that.
    const earliestEnd = Math.min(...next.map(({ end }) => end));
    for (const [place, own] of byProcess.entries()) {
      const call = own[done[place] as number];
      if (call === undefined || call.start > earliestEnd) continue;
      const then = after(state, call);
      if (then === 'impossible') continue;
      const further = { done: done.with(place, (done[place] as number) + 1), state: then.state };
      const marked = `${further.done.join()} ${mark(further.state)}`;
      if (!tried.has(marked)) {
        tried.add(marked);
        untried.push(further);
      }
    }
  }
  return furthest.next;
}
