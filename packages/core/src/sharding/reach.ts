/** Out of a body that reaches for a shard that its transaction has not locked: it is taken back, and called again with all. */
export class OutOfReach extends Error {}

interface Bounds {
  readonly places: ReadonlySet<number>;
  isExceeded: boolean;
}

/** The shards that the body may use which is just being carried out: all, unless its transaction is of some alone. */
export class Reach {
  #bounds: Bounds | undefined;

  /**
   * Carries out a body that may use these shards alone.
   *
   * @throws {@link OutOfReach} when it tried to use another one, whatever it made of that
   */
  within<Result>(places: ReadonlySet<number>, body: () => Result): Result {
    const outer = this.#bounds;
    const bounds: Bounds = { places, isExceeded: false };
    this.#bounds = bounds;
    try {
      const result = body();
      if (!bounds.isExceeded) return result;
    } catch (error) {
      if (!bounds.isExceeded) throw error;
    } finally {
      this.#bounds = outer;
    }
    throw new OutOfReach();
  }

  /**
   * Says that a shard is about to be used; undefined for all of them.
   *
   * @throws {@link OutOfReach}
   */
  need(place: number | undefined): void {
    const bounds = this.#bounds;
    if (bounds === undefined || (place !== undefined && bounds.places.has(place))) return;
    bounds.isExceeded = true;
    throw new OutOfReach();
  }
}
