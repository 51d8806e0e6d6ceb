import type { Visit } from './running-app.ts';

/** One row a page, one column a round of visits. */
export function table(pages: readonly string[], rounds: Record<string, readonly Visit[]>): string {
  const rows = [
    ['page', ...Object.keys(rounds)],
    ...pages.map((page, at) => [page, ...Object.values(rounds).map((visits) => cell(visits[at]))]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('   ')
      .trimEnd(),
  );
  return [lines[0], widths.map((width) => '-'.repeat(width)).join('   '), ...lines.slice(1)].join('\n');
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} bytes`;
  return count < 1024 ** 2 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1024 ** 2).toFixed(0)} MiB`;
}

function cell(visit: Visit | undefined): string {
  return visit === undefined ? '' : `${visit.found.padEnd(4)} ${visit.ms.toFixed(0).padStart(4)} ms`;
}
