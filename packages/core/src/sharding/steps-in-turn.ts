import type { Stepwise } from '../calls/call.ts';
import { type VacuumOptions, vacuuming } from '../verbs/vacuum.ts';
import type { Shards } from './shards.ts';
import { sumOf } from './sums.ts';

/**
 * Makes a change of all shards step by step, one shard after the other, so that the event loop is kept for no longer than by one
 * cache. In each shard it takes its place among the calls at once.
 *
 * @returns what all came to
 */
export async function stepsInTurn(shards: Shards, changeOf: (shard: number) => Stepwise): Promise<number> {
  const changes = shards.all.map((_, shard) => changeOf(shard));
  let before: Promise<unknown> = Promise.resolve();
  const all = changes.map((change, shard) => {
    const previous = before;
    const { step, stepped } = change;
    const { calls } = shards.all[shard] as Shards['all'][number];
    const elsewhere: Stepwise['elsewhere'] = async (oneStep) => {
      await previous;
      await change.elsewhere?.(oneStep);
    };
    const done = calls.inSteps({
      get result() {
        return change.result;
      },
      step,
      stepped,
      elsewhere,
    });
    before = done;
    return done;
  });
  return sumOf(await Promise.all(all));
}

/** Gives back what the databases of all shards do not need, one shard after the other. @returns how many bytes */
export async function vacuumInTurn(
  { all }: Shards,
  optionsOf: (shard: number) => VacuumOptions | undefined,
): Promise<number> {
  const freed: Promise<number>[] = [];
  for (const [shard, { calls, engine }] of all.entries()) {
    const steps = vacuuming(engine, optionsOf(shard));
    freed.push(calls.amongOthers(steps, () => engine.checkpoints.empty(), freed.at(-1)));
  }
  return sumOf(await Promise.all(freed));
}
