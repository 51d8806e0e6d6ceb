import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    include: ['clients/**/*.test.ts'],
    setupFiles: ['clients/own-tree.ts'],
    testTimeout: 30_000,
    reporters: ['default', ['json', { outputFile: 'results/clients.json' }]],
  },
});
