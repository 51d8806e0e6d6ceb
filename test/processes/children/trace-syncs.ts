import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { given, say, told } from '../../support/parent.ts';

/** Has strace count the calls of another process that wait for the disk, by thread. */
const { pid } = given<{ pid: number }>();

const strace = spawn('strace', ['-f', '-e', 'trace=fsync,fdatasync,sync_file_range', '-p', `${pid}`]);
const syncs = { main: 0, others: 0 };
for await (const line of attached(strace.stderr)) {
  if (!/sync/.test(line)) continue;
  // Only calls of threads are marked, as long as there are several.
  const thread = /^\[pid +(\d+)\]/.exec(line)?.[1];
  if (/resumed/.test(line)) continue;
  if (thread === undefined || Number(thread) === pid) syncs.main++;
  else syncs.others++;
}
say('syncs', syncs);
process.disconnect();

/** Its lines until the test says stop. */
async function* attached(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  const lines = createInterface({ input: stream });
  const first = await once(lines, 'line');
  say('tracing', first[0]);
  void told('stop').then(() => strace.kill('SIGINT'));
  yield* lines;
}
