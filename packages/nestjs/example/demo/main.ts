/**
 * Shows that the cache of an ordinary NestJS app survives kill -9: visits its pages, kills it, starts it again, visits
 * them once more. Ends with 0 only if all of it was so.
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

const PAGES = ['/books', '/books/1', '/books/2', '/books/3', '/report'];
const BOOK_PAGES = PAGES.filter((page) => page.startsWith('/books'));

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
  const { evicted } = await second.ask<{ evicted: number }>('DELETE', '/cache/tags/books');
  const afterEviction = await visitAll(second);
  await second.stop();

  const columns = { 'first visit': firstVisits, 'second visit': secondVisits };
  const later = { 'after kill -9 and restart': afterRestart, "after evicting tag 'books'": afterEviction };
  console.log(table(PAGES, { ...columns, ...later }));
  console.log(`
before kill -9    process ${first.pid}: ${tally(firstVisits, secondVisits)}
after restart     process ${second.pid}: ${tally(afterRestart)}
in the cache      ${stats.count} entries, ${bytes(stats.size)} on disk of ${bytes(stats.sizeLimit)} allowed
evicted by tag    ${evicted} entries with the tag 'books'
`);

  const wrong = [
    ...unlessAll('first visit', firstVisits, 'MISS', first.pid),
    ...unlessAll('second visit', secondVisits, 'HIT', first.pid),
    ...unlessAll('visit after the restart', afterRestart, 'HIT', first.pid),
    ...unlessAll(
      'visit of books after the eviction',
      afterEviction.slice(0, BOOK_PAGES.length),
      'MISS',
      second.pid,
    ),
    ...unlessAll(
      'visit of the report after the eviction',
      afterEviction.slice(BOOK_PAGES.length),
      'HIT',
      first.pid,
    ),
    ...(stats.count === PAGES.length
      ? []
      : [`${PAGES.length} entries were expected, there are ${stats.count}`]),
    ...(stats.size <= stats.sizeLimit ? [] : ['the cache is over its limit']),
    ...(evicted === BOOK_PAGES.length
      ? []
      : [`${BOOK_PAGES.length} evictions were expected, there were ${evicted}`]),
  ];
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

function unlessAll(what: string, visits: readonly Visit[], found: string, madeBy: number): string[] {
  return visits
    .filter((visit) => visit.found !== found || visit.madeBy !== madeBy)
    .map((visit) => `a ${what} was a ${visit.found} by process ${visit.madeBy}, not a ${found} by ${madeBy}`);
}

function tally(...rounds: Visit[][]): string {
  const all = rounds.flat();
  const count = (found: string) => all.filter((visit) => visit.found === found).length;
  const ms = all.reduce((sum, visit) => sum + visit.ms, 0);
  return `${count('MISS')} misses, ${count('HIT')} hits, ${ms.toFixed(0)} ms in all`;
}
