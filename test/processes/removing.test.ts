import { expect, it } from 'vitest';
import { openCache } from '../support/caches.ts';
import { Child } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Done {
  readonly longestMs: number;
  readonly removed: number;
}

it.each([
  { verb: 'clear', entries: 100_000, length: 100 },
  { verb: 'clear', entries: 6_000, length: 60_000 },
  { verb: 'evict', entries: 10_000, length: 100 },
  { verb: 'evict', entries: 1_000, length: 60_000 },
  { verb: 'deletePrefix', entries: 10_000, length: 100 },
])(
  '$verb of $entries entries of $length characters never stops the event loop for 100 ms, and lets others write',
  async ({ verb, entries, length }) => {
    const directory = temporaryFolder();
    const remover = new Child('remove-many', { directory, verb, entries, length });
    await remover.says('ready');
    const cache = openCache({}, directory);
    const done = remover.says<Done>('done');
    let isDone = false;
    void done.then(() => (isDone = true));
    remover.tell('go');
    let longestWaitMs = 0;
    let added = 0;
    for (; !isDone; added++) {
      const before = performance.now();
      await cache.set(added, 'added meanwhile');
      longestWaitMs = Math.max(longestWaitMs, performance.now() - before);
    }
    const { longestMs, removed } = await done;
    console.log(
      `${verb} of ${entries}: longest stall ${longestMs.toFixed(1)} ms; another process waited up to ${longestWaitMs.toFixed(0)} ms for one of ${added} sets`,
    );
    expect(removed).toBeGreaterThanOrEqual(entries);
    expect(longestMs).toBeLessThan(100);
    expect(longestWaitMs).toBeLessThan(1000);
    remover.tell('close');
    await remover.ended;
    expect(await cache.deletePrefix('key')).toBe(0);
    expect(await cache.check()).toMatchObject({ ok: true, problems: [] });
  },
  60_000,
);
