/** What each PgBouncer of a pooler was told, and when: from its own log, the only one that knows of workers, guards and people alike. */

/** One process of PgBouncer's. Times in milliseconds since the epoch; of a pooler's pods and of Azure they are the same machine's. */
export interface PoolerRun {
  pod: string;
  startedAt: number;
  /** Since when its pod was seen Ready, and clients come through it: 0 for since before the run. Absent where never. */
  servesFrom?: number;
  /** When it was seen gone, or its pod. */
  endedAt?: number;
  /** In the order of its log, which tells two of one millisecond apart. */
  told: Told[];
}

export interface Told {
  at: number;
  /** A reload that could not read its file is none. */
  what: 'PAUSE' | 'RESUME' | 'RELOAD';
  /** Absent where it was about all databases. */
  database?: string;
}

/** Absent where nothing was logged. Pure. */
export function readPoolerLog(log: string): Pick<PoolerRun, 'startedAt' | 'told'> | undefined {
  const lines = log.split('\n').flatMap(lineIn);
  const told: Told[] = [];
  for (const { at, words } of lines) {
    // PgBouncer 1.18 says so right after the RELOAD that it is about.
    if (words === 'WARNING config file loading failed' && told.at(-1)?.what === 'RELOAD') told.pop();
    const [, what, database] = /^LOG (PAUSE|RESUME|RELOAD)(?: '(.*)')? command issued$/.exec(words) ?? [];
    if (what) told.push({ at, what: what as Told['what'], ...(database !== undefined && { database }) });
  }
  return lines[0] && { startedAt: lines[0].at, told };
}

/** "2026-11-29 04:30:13.327 UTC [1] LOG PAUSE 'broxiva' command issued"; in any other zone it is this machine's. */
function lineIn(line: string): { at: number; words: string }[] {
  const [, day, time, zone, words] = /^(\S+) (\d\d:\d\d:\d\d\.\d{3}) (\S+) \[\d+\] (.*)$/.exec(line) ?? [];
  return words === undefined ? [] : [{ at: Date.parse(`${day}T${time}${zone === 'UTC' ? 'Z' : ''}`), words }];
}
