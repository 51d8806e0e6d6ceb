import type Keyv from 'keyv';
import { createKeyv as create, type CreateKeyv } from './index.ts';

export * from './index.ts';

// The same function. Only its type differs: Keyv has one class for ES modules and another for CommonJS, and TypeScript
// lets neither pass for the other.
export const createKeyv = create as CreateKeyv<unknown> as CreateKeyv<Keyv>;
