/** The runs of a container, each in a numbered folder. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** In the order in which they were started. */
export function runFolders(container: string): string[] {
  const attempts = existsSync(container) ? readdirSync(container).map(Number) : [];
  return attempts.toSorted((one, other) => one - other).map((attempt) => join(container, String(attempt)));
}

/** Undefined before the first. */
export function newestRun(container: string): string | undefined {
  return runFolders(container).at(-1);
}
