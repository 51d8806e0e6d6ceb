/** What a call comes to, to be told to another process. */
export async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return { value: await call() };
  } catch (error) {
    const { name, code, cause } = error as Error & { code: string };
    return { name, code, cause: (cause as { code?: string } | undefined)?.code };
  }
}
