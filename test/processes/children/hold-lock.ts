import { join } from 'node:path';
import Database from 'better-sqlite3';
import { given, say, told } from '../../support/parent.ts';

/** Another program that has the write lock: for some time, or until it is told to let go. */
const { directory, ms } = given<{ directory: string; ms?: number }>();

const db = new Database(join(directory, 'cache.db'));
db.exec('BEGIN IMMEDIATE');
say('held');
if (ms === undefined) await told('release');
else await new Promise((resolve) => setTimeout(resolve, ms));
db.exec('COMMIT');
say('released');
db.close();
process.disconnect();
