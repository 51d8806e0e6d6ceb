/** What the numbers of one cell come to over its rounds. */
import type { Round } from './cell/timing.ts';

export type Statistic = 'p50' | 'p99' | 'mean';

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function medianOf(rounds: readonly Round[], statistic: Statistic): number {
  return median(rounds.map((round) => round[statistic]));
}

export function largestOf(rounds: readonly Round[], statistic: 'max' | 'stall'): number {
  return Math.max(...rounds.map((round) => round[statistic] ?? 0));
}

/**
 * How many times as long as the other: the median over the rounds, each compared with the other's round beside it, so that what
 * disturbs the machine for a while disturbs both.
 */
export function ratio(rounds: readonly Round[], others: readonly Round[], statistic: Statistic): number {
  return median(rounds.map((round, index) => round[statistic] / (others[index] as Round)[statistic]));
}
