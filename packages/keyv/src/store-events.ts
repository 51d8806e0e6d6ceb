import { EventEmitter } from 'node:events';

type Listener = (...given: unknown[]) => void;

/** The events of a store, in a form that every Keyv takes. Any number of Keyvs may listen. */
export class StoreEvents extends EventEmitter {
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
}
