import type { Round } from './timing.ts';

/** What the process of a cell is started with. */
export interface CellArguments {
  readonly trial: string;
  readonly subject: string;
  readonly directory: string;
  readonly warmUpCalls: number;
}

/** What it is then asked for. */
export type Order = { readonly round: { readonly calls: number } } | 'end';

/** What it answers; `ready` or `wrong` comes first, unasked. */
export type Report = { readonly ready: true } | { readonly wrong: string } | { readonly round: Round };
