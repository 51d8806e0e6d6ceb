const METHODS = [
  'get',
  'getMany',
  'has',
  'hasMany',
  'set',
  'setMany',
  'delete',
  'deleteMany',
  'clear',
  'disconnect',
  'iterator',
] as const;

/** What Keyv 6 asks of a storage adapter's `capabilities`; it acts on `expires`. */
export interface Capabilities {
  compatible: boolean;
  store: 'keyvStorage';
  /** True: the adapter takes absolute deadlines and keeps them itself. */
  expires: true;
  methods: Record<(typeof METHODS)[number], { exists: boolean; methodType: 'async' | 'sync' }>;
}

export const CAPABILITIES: Capabilities = {
  compatible: true,
  store: 'keyvStorage',
  expires: true,
  methods: Object.fromEntries(
    METHODS.map((name) => [name, { exists: true, methodType: name === 'iterator' ? 'sync' : 'async' }]),
  ) as Capabilities['methods'],
};
