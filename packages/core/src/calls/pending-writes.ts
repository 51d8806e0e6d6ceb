/** What a write concerns: some keys, each by its keyIdentity(), or all that there are. */
export type ConcernedKeys = readonly (string | number)[] | 'every key';

/** A write that is not done yet, as far as its place among others goes. */
export interface Placed {
  readonly concerned: ConcernedKeys;
  /** Whether what is to be done first may take so long that only calls on its own keys wait for it. */
  readonly isLong: boolean;
  /** False until what has to be done first is done. */
  readonly isReady: boolean;
  /** Whether its transaction holds nothing else. */
  readonly isAlone: boolean;
  /** Whether nobody waits for it any more. */
  readonly isSettled: boolean;
}

/** Most writes in one transaction; the time they take is bounded by SLICE_MS. */
const BATCH_LIMIT = 1024;

/** The writes that are pending, in the order in which they have to be done where they concern the same keys. */
export class PendingWrites<Write extends Placed> {
  #all: Write[] = [];
  readonly #byKey = new Map<string | number, number>();
  #onEveryKey = 0;
  #long = 0;

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Whether one is pending that concerns this key. */
  concerns(key: string | number): boolean {
    return this.#all.length > 0 && (this.#onEveryKey > 0 || this.#byKey.has(key));
  }

  add(write: Write): void {
    // What concerns no key may be what a pending write waits for: nothing that waits for that write may hold it up.
    if (write.concerned.length === 0) this.#all.unshift(write);
    else this.#all.push(write);
    this.#count(write, 1);
  }

  /** Says that one was just settled. */
  settled(write: Write): void {
    this.#count(write, -1);
  }

  dropSettled(): void {
    this.#all = this.#all.filter((write) => !write.isSettled);
  }

  /** Those that concern one of these keys, too. */
  sharing(concerned: ConcernedKeys): Write[] {
    return this.#all.filter((write) => concernSame(write.concerned, concerned));
  }

  [Symbol.iterator](): Iterator<Write> {
    return this.#all[Symbol.iterator]();
  }

  /** The writes that can go next, in call order, without overtaking one on the same key. */
  nextBatch(): Write[] {
    const batch: Write[] = [];
    const heldUp = new Set<string | number>();
    const heldUpForLong = new Set<string | number>();
    for (const write of this.#all) {
      const { concerned } = write;
      if (write.isAlone && batch.length > 0) break;
      if (concerned === 'every key') {
        if (heldUp.size === 0 && write.isReady) batch.push(write);
        break;
      }
      const isHeldUp = concerned.some((key) => heldUp.has(key));
      const isHeldUpForLong = concerned.some((key) => heldUpForLong.has(key));
      if (write.isReady && !isHeldUp && !isHeldUpForLong) batch.push(write);
      else {
        const isForLong = !isHeldUp && (isHeldUpForLong || (write.isLong && !write.isReady));
        for (const key of concerned) (isForLong ? heldUpForLong : heldUp).add(key);
      }
      if ((write.isAlone && batch.length > 0) || batch.length === BATCH_LIMIT) break;
    }
    return batch;
  }

  /** Whether one is pending that may take long. */
  get hasLong(): boolean {
    return this.#long > 0;
  }

  /**
   * Those that do not stand behind one that takes long, nor behind what stands behind that. What takes long itself does
   * not stand behind one that is not ready, which it would wait for with all that it has taken.
   */
  notBehindLong(added?: Write): Write[] {
    if (added !== undefined && !this.hasLong) return [added];
    const behindLong = new Set<string | number>();
    const behindUnready = new Set<string | number>();
    return this.#all.filter(({ concerned, isLong, isReady, isSettled }) => {
      if (isSettled) return false;
      if (concerned === 'every key') return true;
      const isBehind = concerned.some((key) => behindLong.has(key) || (isLong && behindUnready.has(key)));
      if (isBehind || isLong) for (const key of concerned) behindLong.add(key);
      else if (!isReady) for (const key of concerned) behindUnready.add(key);
      return !isBehind;
    });
  }

  #count({ concerned, isLong }: Write, change: 1 | -1): void {
    if (isLong) this.#long += change;
    if (concerned === 'every key') {
      this.#onEveryKey += change;
      return;
    }
    for (const key of concerned) {
      const count = (this.#byKey.get(key) ?? 0) + change;
      if (count === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, count);
    }
  }
}

function concernSame(one: ConcernedKeys, other: ConcernedKeys): boolean {
  if (one === 'every key' || other === 'every key') return one === other;
  return one.some((key) => other.includes(key));
}
