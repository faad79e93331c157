/** What the commands print. */

/** How this machine's user types the commands; the launcher knows. */
export const labCommand = process.env.LAB_COMMAND ?? 'npx lab';
export const runbookCommand = process.env.RUNBOOK_COMMAND ?? 'npx runbook';

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, undefined, 2));
}

/** `1.2 kB`, `3.4 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  return value < 1_000_000 ? `${(value / 1000).toFixed(1)} kB` : `${(value / 1_000_000).toFixed(1)} MB`;
}

/** How long ago, roughly: `12 s`, `3 min`, `2 h`. */
export function age(since: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(since)) / 1000);
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
