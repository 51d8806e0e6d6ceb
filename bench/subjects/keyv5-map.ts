import { Keyv } from 'keyv5';
import { keyvStore } from './keyv-store.ts';
import type { Subject } from './subject.ts';

export const subject: Subject = {
  name: 'keyv5-map',
  about: 'Keyv 5 with its own Map in memory and its default serializer',
  isPersistent: false,
  open: () => keyvStore(new Keyv()),
};
