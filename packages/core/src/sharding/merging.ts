/** Whether one comes before, at or after the other: below, at or above 0. */
export type Compare<T> = (one: T, other: T) => number;

interface Head<T> {
  readonly place: number;
  readonly page: readonly T[];
  readonly next: number;
}

/** One of several sources, with what it gave. */
export interface FromSource<T> {
  readonly one: T;
  /** Which of the sources it is from. */
  readonly place: number;
}

/** Merges several sources, each of which gives pages that are not empty, all in one order, into that order. */
export function* merged<T>(
  sources: readonly Iterator<readonly T[]>[],
  compare: Compare<T>,
): Generator<FromSource<T>, void> {
  const heads: Head<T>[] = [];
  const refill = (place: number) => {
    const page = sources[place]?.next();
    if (page?.done === false) insert(heads, { place, page: page.value, next: 0 }, compare);
  };
  try {
    for (let place = 0; place < sources.length; place++) refill(place);
    for (let head = heads.shift(); head !== undefined; head = heads.shift()) {
      yield { one: head.page[head.next] as T, place: head.place };
      if (head.next + 1 < head.page.length) insert(heads, { ...head, next: head.next + 1 }, compare);
      else refill(head.place);
    }
  } finally {
    for (const source of sources) source.return?.();
  }
}

/** The same of sources that have to be waited for. */
export async function* mergedLater<T>(
  sources: readonly AsyncIterator<readonly T[]>[],
  compare: Compare<T>,
): AsyncGenerator<FromSource<T>, void> {
  const heads: Head<T>[] = [];
  const refill = async (place: number) => {
    const page = await sources[place]?.next();
    if (page?.done === false) insert(heads, { place, page: page.value, next: 0 }, compare);
  };
  try {
    await Promise.all(sources.map((_, place) => refill(place)));
    for (let head = heads.shift(); head !== undefined; head = heads.shift()) {
      yield { one: head.page[head.next] as T, place: head.place };
      if (head.next + 1 < head.page.length) insert(heads, { ...head, next: head.next + 1 }, compare);
      else await refill(head.place);
    }
  } finally {
    await Promise.all(sources.map(async (source) => source.return?.()));
  }
}

function insert<T>(heads: Head<T>[], head: Head<T>, compare: Compare<T>): void {
  const first = head.page[head.next] as T;
  let at = 0;
  while (
    at < heads.length &&
    compare((heads[at] as Head<T>).page[(heads[at] as Head<T>).next] as T, first) <= 0
  )
    at++;
  heads.splice(at, 0, head);
}
