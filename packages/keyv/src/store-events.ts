import { EventEmitter } from 'node:events';
import { ToldFailures } from './told-failures.ts';

type Listener = (...given: unknown[]) => void;

/** The events of a store, in a form that every Keyv takes. Any number of Keyvs may listen. */
export class StoreEvents extends EventEmitter {
  readonly #warned = new ToldFailures();

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  // Node's own methods, with the type that Keyv 6 asks for.
  override listeners(name: string | symbol): Listener[] {
    return super.listeners(name) as Listener[];
  }

  override rawListeners(name: string | symbol): Listener[] {
    return super.rawListeners(name) as Listener[];
  }

  /**
   * Tells of a failure that no call rejects with, or whose caller is known to keep it to itself: by 'error', or where nobody
   * listens by a process warning, once for each code and message.
   */
  protected report(error: unknown): void {
    try {
      if (this.listenerCount('error') > 0) {
        this.emit('error', error);
        return;
      }
    } catch {
      // Each Keyv listens, and Keyv 4 and 6 throw what nobody listens to there.
    }
    this.#warned.tell(error, (failure) => process.emitWarning(failure));
  }
}
