import { AtOnce } from '../calls/at-once.ts';
import type { NextPage } from '../calls/call.ts';
import type { Entry } from '../entry/entry.ts';
import {
  type Course,
  courseTo,
  iterationCourse,
  type IterationOptions,
  type PeekEntryOptions,
} from '../entry/iteration-options.ts';
import { compareKeys, givenKey, type Key } from '../entry/key.ts';
import { type PagedRow, PAGE_ROWS } from '../storage/pages/pages.ts';
import { placeUnknown } from '../storage/pages/places.ts';
import type { PageColumns } from '../storage/rows/page-statements.ts';
import type { FullEntryRow } from '../storage/rows/statements.ts';
import { Iteration } from '../verbs/iteration.ts';
import { type Compare, merged, mergedLater } from './merging.ts';
import type { Shard, Shards } from './shards.ts';

/** A row on a course; in the order of insertion with its place, which is comparable between shards. */
type Row = PagedRow & { readonly seq?: number };

/** The pages of all shards together have about as many rows as those of one cache, but no fewer than this each. */
const LEAST_PAGE_ROWS = 16;

/** The verbs that go through the entries of all shards in one order. */
export class ShardedIteration {
  readonly #shards: Shards;
  readonly #atOnce: readonly AtOnce[];
  readonly #verbs: readonly Iteration[];

  constructor(shards: Shards) {
    this.#shards = shards;
    this.#atOnce = shards.all.map(({ engine }) => new AtOnce(engine));
    this.#verbs = shards.all.map(({ engine }) => new Iteration(engine));
  }

  *keys(options: IterationOptions | undefined): Generator<Key, void> {
    for (const { one } of this.#rows<Row>('key', iterationCourse(options))) yield givenKey(one.key);
  }

  *entries(options: IterationOptions | undefined): Generator<Entry, void> {
    for (const { one, place } of this.#rows<FullEntryRow>('entry', iterationCourse(options))) {
      const { live } = this.#shard(place).engine;
      const found = this.#callsOf(place).valueOfMany(one.key, one, live.findFull);
      if (found !== undefined) yield live.entryOf(found.row, found.value);
    }
  }

  edge(edge: 'first' | 'last', options: PeekEntryOptions | undefined): Entry | undefined {
    for (const { one, place } of this.#rows<FullEntryRow>('entry', courseTo(edge, options), 1)) {
      const { live } = this.#shard(place).engine;
      const found = this.#callsOf(place).valueOf(one.key, one, live.findFull);
      if (found !== undefined) return live.entryOf(found.row, found.value);
    }
    return undefined;
  }

  async *keysLater(options: IterationOptions | undefined): AsyncGenerator<Key, void> {
    for await (const { one } of this.#rowsLater<Row>('key', iterationCourse(options)))
      yield givenKey(one.key);
  }

  async *entriesLater(options: IterationOptions | undefined): AsyncGenerator<Entry, void> {
    for await (const { one, place } of this.#rowsLater<FullEntryRow>('entry', iterationCourse(options))) {
      const { calls, engine } = this.#shard(place);
      const found = await calls.valueOfMany(one.key, one, engine.live.findFull);
      if (found !== undefined) yield engine.live.entryOf(found.row, found.value);
    }
  }

  async edgeLater(edge: 'first' | 'last', options: PeekEntryOptions | undefined): Promise<Entry | undefined> {
    for await (const { one, place } of this.#rowsLater<FullEntryRow>('entry', courseTo(edge, options), 1)) {
      const { calls, engine } = this.#shard(place);
      const found = await calls.valueOf(one.key, one, engine.live.findFull);
      if (found !== undefined) return engine.live.entryOf(found.row, found.value);
    }
    return undefined;
  }

  *#rows<One extends Row>(columns: PageColumns, course: Course, pageRows?: number) {
    const { reach } = this.#shards;
    reach.need(undefined);
    const place = this.#placeToFind(course);
    const seq = place && this.#callsOf(place.shard).read(place.find);
    const pages = this.#pages<One>(columns, located(course, place && { seq }), pageRows);
    const sources = pages.map((next, shard) => this.#callsOf(shard).pages(next));
    let left = course.limit;
    if (left === 0) return;
    for (const row of merged(sources, order<One>(course))) {
      yield row;
      reach.need(undefined);
      if (--left === 0) return;
    }
  }

  async *#rowsLater<One extends Row>(columns: PageColumns, course: Course, pageRows?: number) {
    const place = this.#placeToFind(course);
    const seq = place && (await this.#shard(place.shard).calls.read('every key', place.find));
    const pages = this.#pages<One>(columns, located(course, place && { seq }), pageRows);
    const sources = pages.map((next, shard) => this.#shard(shard).calls.pages(next));
    let left = course.limit;
    if (left === 0) return;
    for await (const row of mergedLater(sources, order<One>(course))) {
      yield row;
      if (--left === 0) return;
    }
  }

  /** Where one shard alone knows the place in the order after which it begins. */
  #placeToFind({ beside }: Course) {
    if (beside === undefined) return undefined;
    const shard = this.#shards.placeOf(beside.key);
    const { sql } = this.#shard(shard).engine.storage;
    return { shard, find: () => sql.pages.seqOf().get(beside.key)?.seq };
  }

  #pages<One extends Row>(
    columns: PageColumns,
    course: Course,
    pageRows = Math.max(LEAST_PAGE_ROWS, Math.floor(PAGE_ROWS / this.#verbs.length)),
  ): NextPage<One>[] {
    return this.#verbs.map((verbs) => verbs.pages<One>(columns, course, pageRows));
  }

  #shard(place: number): Shard {
    return this.#shards.all[place] as Shard;
  }

  #callsOf(place: number): AtOnce {
    return this.#atOnce[place] as AtOnce;
  }
}

/** The same course with the place that was found. @throws DiskCacheError `ERR_DISKCACHE_ABSENT` */
function located(course: Course, found: { readonly seq: number | undefined } | undefined): Course {
  const { beside } = course;
  if (beside === undefined || found === undefined) return course;
  if (found.seq === undefined) throw placeUnknown(beside);
  return { ...course, beside: { ...beside, seq: found.seq } };
}

function order<One extends Row>({ order: by, isBackward }: Course): Compare<One> {
  const sign = isBackward ? -1 : 1;
  return by === 'key'
    ? (one, other) => sign * compareKeys(one.key, other.key)
    : (one, other) => sign * ((one.seq as number) - (other.seq as number));
}
