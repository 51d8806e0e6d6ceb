import type { ProgressOptions } from '../entry/progress-options.ts';

/** One thing that is not as it should be. */
export interface CheckProblem {
  readonly kind:
    /** SQLite found its file damaged. That is not repaired: what can still be read can be copied to another cache. */
    | 'database'
    /** The kept totals differ from the sums over the entries. */
    | 'totals'
    /** Entries that are not found by one of their tags, or in the order of insertion. */
    | 'missing-rows'
    /** Notes of tags or uses that belong to no entry. */
    | 'orphan-rows'
    /** An entry's file is not there. Repaired by removing the entry. */
    | 'missing-file'
    /** An entry's file is shorter or longer than was written. Repaired by removing both. */
    | 'damaged-file'
    /** A file that no entry points to, and that is too old to be one just being written. Repaired by removing it. */
    | 'orphan-file';
  /** Which file, or what differs, for people to read. */
  readonly detail: string;
  /** Whether it is so no more. */
  readonly isFixed: boolean;
}

/** What check() may be told. */
export interface CheckOptions extends ProgressOptions<{
  /** Entries, files and notes that were looked at so far. */
  readonly checked: number;
}> {
  /** Whether to repair what can be repaired, a little at a time with others in between. @default false */
  fix?: boolean | undefined;
}

/** What check() found. */
export interface CheckReport {
  /** Whether there are no problems, or none any more. */
  readonly ok: boolean;
  readonly problems: readonly CheckProblem[];
  /** Entries that were counted, expired ones included; none where the database is damaged. */
  readonly entries: number;
  /** How many of them have a file. */
  readonly files: number;
}

/** What check() has found so far. */
export class Findings {
  readonly problems: CheckProblem[] = [];
  /** Entries, files and notes that were looked at. */
  checked = 0;
  entries = 0;
  files = 0;

  add(kind: CheckProblem['kind'], detail: string, isFixed = false): void {
    this.problems.push({ kind, detail, isFixed });
  }
}
