import type { StagedPut, Write } from '../calls/call.ts';
import type { Engine } from '../engine/engine.ts';
import { inSnapshot } from '../engine/snapshot.ts';
import { type StagedValue, whileStaged } from '../engine/staged-value.ts';
import { validBody } from '../engine/transaction-body.ts';
import { type SnapshotOptions, type TransactOptions, transactTerms } from '../entry/transact-options.ts';
import { ThrownByBody } from '../storage/rows/sqlite-error.ts';

/** The synchronous door, as far as transactions need it. */
interface Door<Tx> {
  transact<Result>(body: (tx: Tx) => Result): Result;
}

/** The verbs whose bodies work with the synchronous door. */
export class Transactions<Tx extends Door<Tx>> {
  readonly #engine: Engine;
  readonly #tx: Tx;

  constructor(engine: Engine, tx: Tx) {
    this.#engine = engine;
    this.#tx = tx;
  }

  /** @throws InvalidArgumentError when an option, a value or the body is wrong */
  transact<Result>(
    body: (tx: Tx, values: readonly StagedValue[]) => Result,
    options: TransactOptions | undefined,
  ): StagedPut<Result> {
    validBody(body);
    const { concerned, values } = transactTerms(options);
    return {
      concerned,
      values: values.map((value) => this.#engine.values.prepareLater('', value, null)),
      work: (ready) =>
        whileStaged(ready, (staged) => {
          try {
            return this.#engine.unsliced(() => this.#tx.transact((tx) => body(tx, staged)));
          } catch (error) {
            throw new ThrownByBody(error);
          }
        }),
      isOnce: concerned === 'every key',
    };
  }

  /** @throws InvalidArgumentError when an option or the body is wrong */
  snapshot<View, Result>(
    body: (view: View) => Result,
    options: SnapshotOptions | undefined,
    view: View,
  ): Pick<Write<Result>, 'concerned'> & { readonly work: () => Result } {
    validBody(body);
    const { concerned } = transactTerms(options, ['keys']);
    return { concerned, work: () => inSnapshot(this.#engine, body, view) };
  }
}
