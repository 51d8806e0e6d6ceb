import { createKeyv } from '@diskcache/keyv';
import { Keyv } from 'keyv5';
import { keyvStore } from './keyv-store.ts';
import type { Subject } from './subject.ts';

export const subject: Subject = {
  name: 'keyv5-disk-cache',
  about: 'Keyv 5 with DiskCache, by createKeyv() of @diskcache/keyv',
  isPersistent: true,
  open: (directory) => keyvStore(createKeyv({ directory }, { Keyv })),
};
