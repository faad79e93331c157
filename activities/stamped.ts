/** Verifications answer with the time at which they passed: see workflows/runbook/clock.ts. */
export interface Stamped {
  answer: unknown;
  /** Milliseconds since the epoch. */
  at: number;
}

export function stamped<T extends object>(activities: T): T {
  const entries = Object.entries(activities as Record<string, (...args: unknown[]) => Promise<unknown>>);
  return Object.fromEntries(
    entries.map(([name, activity]) => [
      name,
      name.startsWith('verify')
        ? async (...args: unknown[]): Promise<Stamped> => ({ answer: await activity(...args), at: Date.now() })
        : activity,
    ]),
  ) as T;
}
