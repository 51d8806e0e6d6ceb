import { createDiskStore, legacyDiskStore } from '@diskcache/cache-manager';
import { createKeyv, KeyvDiskStore } from '@diskcache/keyv';
import { given, say } from '../../support/parent.ts';

/** Makes the stores of each adapter as a user who may not, and tells what each came to. */
const { directory } = given<{ directory: string }>();

const stores = {
  createKeyv: () => createKeyv({ directory }),
  KeyvDiskStore: () => new KeyvDiskStore({ directory }),
  createDiskStore: () => createDiskStore({ directory }),
  legacyDiskStore: () => legacyDiskStore({ directory }),
};
for (const [name, make] of Object.entries(stores)) {
  try {
    make();
    say(name, 'made');
  } catch (error) {
    say(name, (error as Error).message);
  }
}
process.disconnect();
