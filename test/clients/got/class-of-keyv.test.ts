import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createKeyv } from '@diskcache/keyv';
import { Keyv } from 'keyv';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The same folder as CommonJS sees it. */
const require = createRequire(join(import.meta.dirname, 'package.json'));

test('createKeyv() makes a Keyv of the class that ES modules import', async () => {
  const keyv = createKeyv({ directory: temporaryFolder() });
  expect(keyv).toBeInstanceOf(Keyv);
  await keyv.disconnect();
});

test('createKeyv() makes a Keyv of the class that CommonJS requires', async () => {
  const keyv = require('@diskcache/keyv').createKeyv({ directory: temporaryFolder() });
  expect(keyv).toBeInstanceOf(require('keyv').Keyv);
  await keyv.disconnect();
});
