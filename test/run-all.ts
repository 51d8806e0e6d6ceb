/**
 * Runs every check through turbo (what has not changed comes from its cache) and ends with one line,
 * `N passed, N failed`, that counts the tests of the three vitest runs. A check outside vitest that fails
 * (build, lint, types) counts as one failure, and so does a vitest run that left no result.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const results = join(import.meta.dirname, 'results');

rmSync(results, { recursive: true, force: true });

// One task at a time: tests that time things or start processes need the machine for themselves.
const turbo = spawnSync(
  'turbo run build lint types test packed clients --concurrency=1 --continue=dependencies-successful',
  { cwd: root, shell: true, stdio: 'inherit', env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' } },
);

const runs = ['test.json', 'packed.json', 'clients.json'].map(tally);
const passed = sum(runs.map((run) => run.passed));
const skipped = sum(runs.map((run) => run.skipped));
const failed = Math.max(sum(runs.map((run) => run.failed)), turbo.status === 0 ? 0 : 1);

console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;

function tally(file: string): { passed: number; failed: number; skipped: number } {
  try {
    const run = JSON.parse(readFileSync(join(results, file), 'utf8'));
    return {
      passed: run.numPassedTests,
      failed: Math.max(run.numFailedTests, run.success ? 0 : 1),
      skipped: run.numPendingTests + run.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
