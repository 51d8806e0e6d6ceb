import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const demo = join(import.meta.dirname, '../../packages/nestjs/example/dist/demo/main.js');

test('the demo of the example app shows what it says', { timeout: 30_000 }, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [demo]);
  expect(stderr).toBe('');
  expect(stdout).toContain('answers after the restart were made by process');
});
