/**
 * Processes by their pid: is it still that one, end it, wait for its end.
 *
 * A pid alone proves nothing: it may be a zombie, or another process by now. So each question carries a text that the
 * process's command line must contain.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** True if `pid` is a live process (not a zombie) whose command line contains `mark`. */
export function isAlive(pid: number, mark: string): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0];
    if (state === 'Z' || state === 'X') return false;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(mark);
  } catch {
    return false;
  }
}

/** Sends the signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until `condition` holds. Throws with `what` when it does not within the deadline. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { deadlineMs, everyMs = 10 }: { deadlineMs: number; everyMs?: number },
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs / 1000} s`);
    await sleep(everyMs);
  }
}

/** Ends a process: the signal, and SIGKILL after the grace time. Returns when it is gone. */
export async function end(
  pid: number,
  mark: string,
  { name = 'SIGTERM', graceMs = 10_000 }: { name?: NodeJS.Signals; graceMs?: number } = {},
): Promise<void> {
  const gone = () => !isAlive(pid, mark);
  if (gone()) return;
  signal(pid, name);
  try {
    await until(`process ${pid} ends`, gone, { deadlineMs: graceMs });
  } catch {
    if (!gone()) signal(pid, 'SIGKILL');
    await until(`process ${pid} ends after SIGKILL`, gone, { deadlineMs: 10_000 });
  }
}

/** When the process began, in clock ticks since the machine's start: with the pid it names one process for good. */
export function beginningOf(pid: number): string | undefined {
  try {
    // proc(5): field 22, counted from after the command's name, which may have blanks and brackets in it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
