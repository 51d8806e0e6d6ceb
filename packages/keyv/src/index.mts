import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type Keyv from 'keyv';
import { createKeyv as create, type CreateKeyv, type CreateKeyvOptions, type KeyvClass } from './index.ts';

export * from './index.ts';

const require = createRequire(import.meta.url);

/** The same for ES modules, for which Keyv has another class than for CommonJS. */
export const createKeyv = ofEsModules as CreateKeyv<Keyv>;

function ofEsModules<Instance>(options: CreateKeyvOptions, use?: { Keyv: KeyvClass<Instance> }): Instance {
  return create(options, (use ?? installed()) as { Keyv: KeyvClass<Instance> });
}

/** Not by an import, which would fail for those who have no keyv and need none. */
function installed(): { Keyv: KeyvClass<unknown> } | undefined {
  try {
    const keyv = require(fileURLToPath(import.meta.resolve('keyv')));
    return { Keyv: keyv.Keyv ?? keyv };
  } catch {
    // Then it is looked for as CommonJS does, which says so when there is none.
    return undefined;
  }
}
