/** The process of one cell: opens a subject, checks it, warms up, and then times a round whenever it is asked to. */
import type { FullStore, Store } from '../subjects/subject.ts';
import { subjectNamed } from '../subjects/subjects.ts';
import { type Trial, TRIALS } from '../trials.ts';
import { DATA_SETS, entriesOf, Workload } from '../workload.ts';
import { wrongAnswer, wrongEviction } from './correctness.ts';
import type { CellArguments, Order, Report } from './messages.ts';
import { Timing } from './timing.ts';

const given = JSON.parse(process.argv[2] as string) as CellArguments;
const trial = TRIALS.find(({ name }) => name === given.trial) as Trial;
const subject = await subjectNamed(given.subject);
const data = DATA_SETS[trial.data];

const { store, wrong } = trial.isFull === true ? await openedFull() : await opened();
const timing = new Timing(trial, store, new Workload(data));
if (wrong === undefined) await timing.round(given.warmUpCalls);
process.on('message', (order: Order) => void carryOut(order));
tell(wrong === undefined ? { ready: true } : { wrong });

async function opened(): Promise<{ store: Store; wrong: string | undefined }> {
  const opened = await subject.open(given.directory);
  if (!subject.isPersistent) for (const piece of entriesOf(data)) await opened.fill(piece);
  return { store: opened, wrong: await wrongAnswer(opened, data) };
}

async function openedFull(): Promise<{ store: FullStore; wrong: string | undefined }> {
  if (subject.openFull === undefined) throw new Error(`${subject.name} has no limit`);
  const opened = await subject.openFull(given.directory);
  return { store: opened, wrong: (await wrongAnswer(opened, data)) ?? (await wrongEviction(opened, data)) };
}

async function carryOut(order: Order): Promise<void> {
  if (order !== 'end') return tell({ round: await timing.round(order.round.calls) });
  await store.close();
  process.disconnect();
}

function tell(report: Report): void {
  process.send?.(report);
}
