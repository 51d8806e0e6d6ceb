import { Keyv } from 'keyv';
import { keyvStore } from './keyv-store.ts';
import type { Subject } from './subject.ts';

export const subject: Subject = {
  name: 'keyv6-map',
  about: 'Keyv 6 with its own Map in memory and its default serializer',
  isPersistent: false,
  open: () => keyvStore(new Keyv()),
};
