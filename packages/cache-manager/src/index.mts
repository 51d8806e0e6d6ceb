import type * as manager from 'cache-manager';
import { type CreateDiskStore, createDiskStore as create, type StoreOf } from './index.ts';

export * from './index.ts';

// The same function. Only its type differs: cache-manager wants its Keyv class, which is another one for ES modules than
// for CommonJS, and TypeScript lets neither pass for the other.
export const createDiskStore = create as CreateDiskStore<unknown> as CreateDiskStore<StoreOf<typeof manager>>;
