import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { DiskCache } from '@diskcache/core';
import { KeyvDiskStore } from '@diskcache/keyv';
import suite, { keyvCompresstionTests, keyvIteratorTests } from '@keyv/test-suite';
import { Keyv, type KeyvOptions } from 'keyv';
import * as vitest from 'vitest';

/** Keyv's own suite for storage adapters, as it is on npm. */
const folder = mkdtempSync(join(tmpdir(), 'diskcache-test-'));
const cache = new DiskCache(folder);
const newStore = () => new KeyvDiskStore({ cache });

// The suite's iterator group gives one store to two namespaces, of which stores warn.
vitest.beforeAll(() => {
  vitest.vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

vitest.afterAll(async () => {
  await cache.close();
  rmSync(folder, { recursive: true, force: true });
});

class KeyvWithoutSerializer extends Keyv {
  constructor(options: KeyvOptions) {
    super({ serialize: undefined as never, deserialize: undefined as never, ...options });
  }
}

const packed = (text: string) => brotliCompressSync(text).toString('base64');
const unpacked = (text: string) => brotliDecompressSync(Buffer.from(text, 'base64')).toString();

class KeyvWithCompression extends Keyv {
  constructor(options: KeyvOptions = {}) {
    super({ ...options, compression: brotli });
  }
}

const brotli = {
  compress: (value: unknown) => packed(JSON.stringify(value)),
  decompress: (data: string) => JSON.parse(unpacked(data)) as unknown,
};

const subjects = { Keyv, KeyvWithoutSerializer };

for (const [name, Subject] of Object.entries(subjects)) {
  vitest.describe(`${name} 5 keeps the contract of its suite`, () => {
    suite(vitest, Subject as typeof Keyv, newStore);
    keyvIteratorTests(vitest, Subject as typeof Keyv, newStore);
  });
}

vitest.describe('Keyv 5 with compression', () => {
  vitest.test('stores what it compressed and gives back the value', async () => {
    const keyv = new KeyvWithCompression({ store: newStore() });
    await keyv.set('page', { title: 'x'.repeat(1000) });
    vitest.expect(await keyv.get('page')).toEqual({ title: 'x'.repeat(1000) });
    vitest.expect((await cache.entry('keyv:page'))?.size).toBeLessThan(200);
  });

  keyvCompresstionTests(vitest, {
    compress: async (value: string) => packed(value),
    decompress: async (data: string) => unpacked(data),
    serialize: async (data) => JSON.stringify({ ...data, value: packed(String(data.value)) }),
    deserialize: async (text) => {
      const data = JSON.parse(text);
      return { expires: undefined, ...data, value: unpacked(data.value) };
    },
  });
});
