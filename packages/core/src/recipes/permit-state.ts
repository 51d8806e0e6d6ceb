import { SET_BACK_MS } from '../clock.ts';

/** Who holds a permit, or waits for one. Times are by Host.monotonic(). */
interface Claim {
  readonly token: number;
  /** Until when it is believed to be alive. */
  until: number;
  readonly leaseMs: number;
}

interface Holder extends Claim {
  readonly fence: number;
}

/** Who holds permits, and who waits for one in turn. */
export interface PermitState {
  holders: Holder[];
  /** In the order in which they came. */
  waiting: Claim[];
}

type StoredClaim = [token: number, until: number, leaseMs: number];

/** How it is written, as JSON. */
interface Stored {
  readonly holders: [...StoredClaim, fence: number][];
  readonly waiting: StoredClaim[];
}

export function permitState(text: string | undefined): PermitState {
  if (text === undefined) return { holders: [], waiting: [] };
  const { holders, waiting } = JSON.parse(text) as Stored;
  return {
    holders: holders.map(([token, until, leaseMs, fence]) => ({ token, until, leaseMs, fence })),
    waiting: waiting.map(([token, until, leaseMs]) => ({ token, until, leaseMs })),
  };
}

/** The state as text; undefined when there is nobody in it. */
export function textOf({ holders, waiting }: PermitState): string | undefined {
  if (holders.length === 0 && waiting.length === 0) return undefined;
  return JSON.stringify({
    holders: holders.map(({ token, until, leaseMs, fence }) => [token, until, leaseMs, fence]),
    waiting: waiting.map(({ token, until, leaseMs }) => [token, until, leaseMs]),
  } satisfies Stored);
}

/** Forgets whose lease has ended. */
export function dropDead(state: PermitState, now: number): void {
  state.holders = state.holders.filter((claim) => isAlive(claim, now));
  state.waiting = state.waiting.filter((claim) => isAlive(claim, now));
}

/** Whether a permit is free for who has the first place among those who wait; where nobody has one, for anybody. */
export function isFree({ holders, waiting }: PermitState, count: number, token: number | undefined): boolean {
  const [first] = waiting;
  return holders.length < count && (first === undefined || first.token === token);
}

/** In how many ms the next lease ends; Infinity when there is none. */
export function untilNextEnd({ holders, waiting }: PermitState, now: number): number {
  return Math.min(...[...holders, ...waiting].map(({ until }) => Math.max(until - now, 0)), Infinity);
}

/** A lease that ends later than it can is from before the machine was started anew, and its clock with it. */
export function isAlive({ until, leaseMs }: Pick<Claim, 'until' | 'leaseMs'>, now: number): boolean {
  return until > now && until - now <= leaseMs + SET_BACK_MS;
}
