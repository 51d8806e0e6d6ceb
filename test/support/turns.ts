/** Lets the event loop turn until `happened` says so; a test that waits in vain ends by its own timeout. */
export async function turnsUntil(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await new Promise(setImmediate);
}

/** Lets the event loop turn a few times, for what must not happen. */
export async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}
