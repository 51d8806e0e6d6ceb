import { KeyvSqlite } from '@keyv/sqlite';
import { Keyv } from 'keyv';
import { keyvStore } from './keyv-store.ts';
import type { Subject } from './subject.ts';

export const subject: Subject = {
  name: 'keyv6-sqlite',
  about: 'Keyv 6 with @keyv/sqlite over better-sqlite3, WAL on, its default serializer',
  note: '@keyv/sqlite prepares a statement on every query, and has no limit, no eviction and no purge to pay for',
  isPersistent: true,
  async open(directory) {
    const store = new KeyvSqlite({
      uri: `sqlite://${directory}/keyv.db`,
      driver: 'better-sqlite3',
      wal: true,
    });
    await store.ready;
    return keyvStore(new Keyv({ store }));
  },
};
