import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const inTheTreeOfGot = createRequire(join(import.meta.dirname, 'got/node_modules/got/package.json'));

test("a client's packages find each other", () => {
  expect(inTheTreeOfGot('keyv')).toHaveProperty('Keyv');
});

test("a client's packages do not find what only the workspace has", () => {
  expect(() => inTheTreeOfGot('fast-check') as unknown).toThrow(
    expect.objectContaining({ code: 'MODULE_NOT_FOUND' }),
  );
});
