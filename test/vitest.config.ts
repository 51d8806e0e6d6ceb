import { defineConfig } from 'vitest/config';

const exclude = ['packed/**', 'clients/**', 'node_modules/**'];

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', ['json', { outputFile: 'results/test.json' }]],
    projects: [
      {
        test: {
          name: 'behaviour',
          include: ['**/*.test.ts'],
          exclude: [...exclude, 'processes/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          // These start processes and watch the event loop: each has the machine for itself.
          name: 'processes',
          include: ['processes/**/*.test.ts'],
          exclude,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
