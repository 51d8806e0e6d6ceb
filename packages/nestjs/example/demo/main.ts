/**
 * Shows that the cache of an ordinary NestJS app survives kill -9, and that tags evict what is out of date and nothing else:
 * visits its pages, kills it, starts it again, visits them once more, sells a book. Ends with 0 only if all of it was so.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningApp, type Visit } from './running-app.ts';
import { bytes, table } from './table.ts';

interface Stats {
  count: number;
  size: number;
  sizeLimit: number;
}

const SOLD = 2;
const PAGES = ['/books', '/books/1', '/books/2', '/books/2/cover', '/books/3', '/report'];
/** Those that tell how many were sold, by @CacheTags() and @EvictTags() of the app. */
const OUTDATED = [`/books/${SOLD}`, `/books/${SOLD}/cover`, '/report'];
/** The answers, and the bytes of the cover. */
const ENTRIES = PAGES.length + 1;

const directory = await mkdtemp(join(tmpdir(), 'diskcache-demo-'));
const apps: RunningApp[] = [];
try {
  process.exitCode = await demo();
} finally {
  for (const app of apps) await app.kill();
  await rm(directory, { recursive: true, force: true });
}

async function demo(): Promise<number> {
  console.log(
    '\nDiskCache demo: an ordinary NestJS app with its cache on disk (packages/nestjs/example/app)\n',
  );
  const first = await start();
  const firstVisits = await visitAll(first);
  const secondVisits = await visitAll(first);
  await first.kill();

  const second = await start();
  const afterRestart = await visitAll(second);
  const stats = await second.ask<Stats>('GET', '/cache');
  await second.ask('POST', `/books/${SOLD}/sales`);
  const afterSale = await visitAll(second);
  await second.stop();

  const columns = { 'first visit': firstVisits, 'second visit': secondVisits };
  const later = { 'after kill -9 and restart': afterRestart, [`after a sale of book ${SOLD}`]: afterSale };
  console.log(table(PAGES, { ...columns, ...later }));
  console.log(`
before kill -9    process ${first.pid}: ${tally(firstVisits, secondVisits)}
after restart     process ${second.pid}: ${tally(afterRestart)}
in the cache      ${stats.count} entries, ${bytes(stats.size)} on disk of ${bytes(stats.sizeLimit)} allowed
after the sale    @EvictTags() of POST /books/${SOLD}/sales evicted what shows the book or counts it, and nothing else
`);

  const wrong = PAGES.flatMap((page, at) => [
    ...unless(page, 'first visit', firstVisits[at], 'MISS', first),
    ...unless(page, 'second visit', secondVisits[at], 'HIT', first),
    ...unless(page, 'visit after the restart', afterRestart[at], 'HIT', first),
    ...(OUTDATED.includes(page)
      ? unless(page, 'visit after the sale', afterSale[at], 'MISS', second)
      : unless(page, 'visit after the sale', afterSale[at], 'HIT', first)),
  ]);
  if (stats.count !== ENTRIES) wrong.push(`${ENTRIES} entries were expected, there are ${stats.count}`);
  if (stats.size > stats.sizeLimit) wrong.push('the cache is over its limit');
  if (wrong.length === 0) {
    console.log(
      `All ${PAGES.length} answers after the restart were made by process ${first.pid}, which was killed.\n`,
    );
    return 0;
  }
  console.error(`The demo failed:\n${wrong.map((one) => `  ${one}\n`).join('')}`);
  return 1;
}

async function start(): Promise<RunningApp> {
  const app = await RunningApp.start(directory);
  apps.push(app);
  return app;
}

async function visitAll(app: RunningApp): Promise<Visit[]> {
  const visits: Visit[] = [];
  for (const page of PAGES) visits.push(await app.visit(page));
  return visits;
}

function unless(
  page: string,
  what: string,
  visit: Visit | undefined,
  found: string,
  by: RunningApp,
): string[] {
  if (visit?.found === found && visit.madeBy === by.pid) return [];
  return [`${page}: the ${what} was a ${visit?.found} by ${visit?.madeBy}, not a ${found} by ${by.pid}`];
}

function tally(...rounds: Visit[][]): string {
  const all = rounds.flat();
  const count = (found: string) => all.filter((visit) => visit.found === found).length;
  const ms = all.reduce((sum, visit) => sum + visit.ms, 0);
  return `${count('MISS')} misses, ${count('HIT')} hits, ${ms.toFixed(0)} ms in all`;
}
