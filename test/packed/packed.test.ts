import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { root, Scratch } from './scratch.ts';

const OLDEST_NODE = '22.14.0';
const names = ['core', 'keyv', 'cache-manager', 'nestjs'] as const;
const tested: Record<string, string> = JSON.parse(
  readFileSync(join(root, 'test/package.json'), 'utf8'),
).devDependencies;

const project = new Scratch();
const tarballs = new Map<string, { file: string; contents: string[] }>();
const nodes = new Map<string, string>();
let noOtherNode = '';

beforeAll(async () => {
  for (const name of names) tarballs.set(name, await pack(name));
  await installProject();
  await installNode('20.20.2', '22.13.1', OLDEST_NODE);
});

afterAll(() => project.remove());

describe.for(names)('@diskcache/%s, packed,', (name) => {
  const specifier = `@diskcache/${name}`;

  test('holds its build, licence, readme and package.json and nothing else', () => {
    const others = tarballs
      .get(name)!
      .contents.filter((file) => !/^dist\/.+\.(js|mjs|d\.ts|d\.mts)$/.test(file));
    expect(others).toEqual(['LICENSE', 'README.md', 'package.json']);
  });

  test('publint has nothing to say', async () => {
    expect(await project.tool('publint', '--strict', tarballs.get(name)!.file)).toMatchObject({ ok: true });
  });

  test('its types resolve from every kind of project', async () => {
    expect(await project.tool('attw', tarballs.get(name)!.file)).toMatchObject({ ok: true });
  });

  test.for([process.versions.node, OLDEST_NODE])(
    'import and require give the same things on Node.js %s',
    async (version, context) => {
      const { output } = await project.run(nodeOrSkip(version, context), 'same.mjs', specifier);
      const { imported, required, different } = JSON.parse(output);
      expect(required).not.toEqual([]);
      expect(imported).toEqual(required);
      // Each makes a Keyv of its kind: the package keyv has one class for ES modules and another for CommonJS.
      expect(different).toEqual(name === 'keyv' ? ['createKeyv'] : []);
    },
  );

  test('its files cannot be imported past the door', async () => {
    const { ok, output } = await project.run(process.execPath, 'import.mjs', `${specifier}/dist/index.js`);
    expect(ok).toBe(false);
    expect(output).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  test.for([
    ['import.mjs', '20.20.2'],
    ['require.cjs', '20.20.2'],
    ['import.mjs', '22.13.1'],
  ] as const)('says what it needs (%s on Node.js %s)', async ([script, version], context) => {
    const { ok, output } = await project.run(nodeOrSkip(version, context), script, specifier);
    expect(ok).toBe(false);
    expect(output).toContain(`@diskcache/core needs Node.js 22.14 or newer; this is Node.js ${version}.`);
  });
});

test('core stores and reads on the oldest Node.js that it supports', async (context) => {
  const { output } = await project.run(nodeOrSkip(OLDEST_NODE, context), 'use.mjs');
  expect(output).toBe("{ kept: 'by DiskCache' }\n");
});

test('the types of core need nothing that its users do not have', async () => {
  project.write('types.mts', `import * as core from '@diskcache/core';\nexport const door: object = core;\n`);
  project.write(
    'types.cts',
    `import core = require('@diskcache/core');\nexport const door: object = core;\n`,
  );
  const options = '--noEmit --strict --skipLibCheck false --target es2023 --module nodenext --types node';
  const typeRoots = join(root, 'node_modules/@types');
  const tsc = await project.tool(
    'tsc',
    ...options.split(' '),
    '--typeRoots',
    typeRoots,
    'types.mts',
    'types.cts',
  );
  expect(tsc).toEqual({ ok: true, output: '' });
});

/** What an ordinary project tests with jest: fake timers included, which must not stop a cache. */
const JEST_TESTS = `
const { mkdtempSync } = require('node:fs');
const { join } = require('node:path');
const folder = () => mkdtempSync(join(__dirname, 'cache-'));

test('core', async () => {
  const { DiskCache } = require('@diskcache/core');
  jest.useFakeTimers();
  const cache = new DiskCache(folder());
  await cache.set('key', { when: new Date(0), bytes: Buffer.alloc(100000, 1) }, { tags: ['tag'] });
  expect(await cache.get('key')).toEqual({ when: new Date(0), bytes: Buffer.alloc(100000, 1) });
  expect(await cache.evict('tag')).toBe(1);
  await cache.close();
  jest.useRealTimers();
});

test('keyv', async () => {
  const { createKeyv } = require('@diskcache/keyv');
  const keyv = createKeyv({ directory: folder() });
  await keyv.set('key', new Map([[1, 2n]]));
  expect(await keyv.get('key')).toEqual(new Map([[1, 2n]]));
  await keyv.disconnect();
});

test('cache-manager', async () => {
  const { createDiskStore } = require('@diskcache/cache-manager');
  const { createCache } = require('cache-manager');
  const cache = createCache({ stores: [createDiskStore({ directory: folder() })] });
  const compute = jest.fn(() => ({ n: 1 }));
  expect(await cache.wrap('key', compute)).toEqual({ n: 1 });
  expect(await cache.wrap('key', compute)).toEqual({ n: 1 });
  expect(compute).toHaveBeenCalledTimes(1);
  await cache.disconnect();
});
`;

test('a CommonJS project tested with jest can use core, keyv and cache-manager', async () => {
  project.write('require.test.js', JEST_TESTS);
  const { ok, output } = await project.run(
    process.execPath,
    'node_modules/jest/bin/jest.js',
    '--ci',
    '--cacheDirectory=jest',
  );
  expect(output).toContain('3 passed, 3 total');
  expect(ok).toBe(true);
});

async function pack(name: string): Promise<{ file: string; contents: string[] }> {
  const output = await project.npm('pack', join(root, 'packages', name), '--json', '--silent');
  const [packed] = Object.values(JSON.parse(output.slice(output.search(/^[[{]/m)))) as [
    { filename: string; files: { path: string }[] },
  ];
  return {
    file: project.path(basename(packed.filename)),
    contents: packed.files.map((file) => file.path).sort(),
  };
}

async function installProject(): Promise<void> {
  const others = [
    '@nestjs/cache-manager',
    '@nestjs/common',
    '@nestjs/core',
    'cache-manager',
    'keyv',
    'reflect-metadata',
    'rxjs',
  ];
  const dependencies = {
    ...Object.fromEntries(names.map((name) => [`@diskcache/${name}`, `file:${tarballs.get(name)!.file}`])),
    ...Object.fromEntries(others.map((name) => [name, tested[name]])),
    jest: '30.5.2',
  };
  project.write('package.json', JSON.stringify({ private: true, dependencies }));
  project.write('import.mjs', 'await import(process.argv[2]);');
  project.write('require.cjs', 'require(process.argv[2]);');
  project.write(
    'use.mjs',
    `import { DiskCache } from '@diskcache/core';
    const cache = new DiskCache('./cache-of-use');
    await cache.set('key', { kept: 'by DiskCache' });
    console.log(await cache.get('key'));
    await cache.close();`,
  );
  project.write(
    'same.mjs',
    `import { createRequire } from 'node:module';
    const [imported, required] = [await import(process.argv[2]), createRequire(import.meta.url)(process.argv[2])];
    const notOurs = ['default', 'module.exports', '__esModule'];
    const names = (door) => Object.keys(door).filter((name) => !notOurs.includes(name)).sort();
    const different = names(required).filter((name) => imported[name] !== required[name]);
    console.log(JSON.stringify({ imported: names(imported), required: names(required), different }));`,
  );
  await project.npm('install', '--prefer-offline', '--no-audit', '--no-fund');
}

/** Other versions of Node.js come as npm packages, one a platform; where there is none, what needs them is skipped. */
async function installNode(...versions: string[]): Promise<void> {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  nodes.set(process.versions.node, process.execPath);
  try {
    for (const version of versions) {
      const prefix = project.path(`node-${version}`);
      await project.npm('install', '--prefix', prefix, '--prefer-offline', `node-${platform}@${version}`);
      nodes.set(version, join(prefix, 'node_modules', `node-${platform}`, 'bin', 'node'));
    }
  } catch (error) {
    noOtherNode = `no other Node.js for ${platform}: ${String(error)}`;
    console.log(noOtherNode);
  }
}

function nodeOrSkip(version: string, context: TestContext): string {
  const node = nodes.get(version);
  if (node === undefined) context.skip(noOtherNode);
  return node!;
}
