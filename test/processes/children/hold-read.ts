import { join } from 'node:path';
import Database from 'better-sqlite3';
import { given, say, told } from '../../support/parent.ts';

/** Another program that reads from one snapshot until it is told to let go. */
const { directory } = given<{ directory: string }>();

const db = new Database(join(directory, 'cache.db'), { readonly: true });
db.exec('BEGIN');
db.prepare('SELECT count(*) FROM entry').get();
say('reading');
await told('release');
db.exec('COMMIT');
db.close();
say('released');
process.disconnect();
