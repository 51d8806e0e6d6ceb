import { createKeyv } from '@diskcache/keyv';
import { Keyv } from 'keyv';
import { keyvStore } from './keyv-store.ts';
import type { Subject } from './subject.ts';

export const subject: Subject = {
  name: 'keyv6-disk-cache',
  about: 'Keyv 6 with DiskCache, by createKeyv() of @diskcache/keyv',
  isPersistent: true,
  open: (directory) => keyvStore(createKeyv({ directory }, { Keyv })),
};
