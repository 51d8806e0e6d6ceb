import type { Subject } from './subject.ts';

/** In the order of the tables. */
export const SUBJECT_NAMES = [
  'sqlite',
  'sqlite-ordered',
  'disk-cache-sync',
  'disk-cache',
  'keyv5-disk-cache',
  'keyv6-disk-cache',
  'keyv5-map',
  'keyv6-map',
  'keyv6-sqlite',
] as const;

export type SubjectName = (typeof SUBJECT_NAMES)[number];

/** Loads one subject, and with it only the libraries that it needs. */
export async function subjectNamed(name: string): Promise<Subject> {
  const { subject } = (await import(`./${name}.ts`)) as { subject: Subject };
  return subject;
}
