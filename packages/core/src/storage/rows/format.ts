import Database from 'better-sqlite3';
import { DiskCacheError } from '../../errors.ts';
import { APPLICATION_ID, CREATION_PRAGMAS, FORMAT_VERSION, PAGE_CACHE_KIB, SCHEMA } from './schema.ts';
import { ForeignDatabase } from './sqlite-error.ts';
import { prepareStatements, type Statements } from './statements.ts';

/**
 * Whether a database is one of ours; false when it holds nothing yet.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_FORMAT` when it is another program's, or a newer version's
 */
export function isCurrentFormat(db: Database.Database, path: string): boolean {
  const marks = db
    .prepare<[], { application: number; version: number; objects: number }>(
      `SELECT (SELECT application_id FROM pragma_application_id) AS application,
              (SELECT user_version FROM pragma_user_version) AS version,
              (SELECT count(*) FROM sqlite_schema) AS objects`,
    )
    .get();
  const { application, version, objects } = marks ?? { application: 0, version: 0, objects: 0 };
  if (application === 0 && version === 0 && objects === 0) return false;
  if (application !== APPLICATION_ID) throw new ForeignDatabase(`${path} is the database of another program`);
  if (version !== FORMAT_VERSION) {
    throw new DiskCacheError(
      'ERR_DISKCACHE_FORMAT',
      `${path} has format version ${version}; this DiskCache reads version ${FORMAT_VERSION}`,
    );
  }
  return true;
}

/** Has the databases of one cache take no more memory together than one would. */
export function limitPageCache(db: Database.Database, parts = 1): void {
  if (parts > 1) db.pragma(`cache_size = -${Math.ceil(PAGE_CACHE_KIB / parts)}`);
}

/** Makes a database that holds nothing one of ours. Each step can be repeated, so another process may be at the same, or may have died in the middle. */
export function createDatabase(db: Database.Database, path: string): void {
  for (const pragma of CREATION_PRAGMAS) db.pragma(pragma);
  db.transaction(() => {
    if (!isCurrentFormat(db, path)) db.exec(SCHEMA);
  }).immediate();
}

/**
 * The statements for a database of ours.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_CORRUPT` when a table or column is not there
 */
export function statementsOf(db: Database.Database, path: string, drawn: number): Statements {
  try {
    return prepareStatements(db, drawn);
  } catch (error) {
    if (!(error instanceof Database.SqliteError) || error.code !== 'SQLITE_ERROR') throw error;
    throw new DiskCacheError('ERR_DISKCACHE_CORRUPT', `${path} lacks a part: ${error.message}`, {
      cause: error,
    });
  }
}
