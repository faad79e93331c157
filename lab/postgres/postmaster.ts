/**
 * The postmaster of one server as a process: started apart from us, so that it outlives a daemon that crashed, and found
 * again by the pid file that PostgreSQL itself keeps.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { serverAccount } from '../account';
import { isAlive, signal, until } from '../processes';
import { postgresProgram, serverEnvironment } from './programs';

export interface PostmasterFiles {
  dataFolder: string;
  /** The lock file beside the unix socket. */
  socketLockFile: string;
  configurationFile: string;
  logFile: string;
}

const startDeadlineMs = 60_000;
const stopDeadlineMs = 60_000;

/** The live postmaster's pid, or undefined. */
export function postmasterPid(dataFolder: string): number | undefined {
  const pid = Number(pidFile(dataFolder)?.[0]);
  return pid && isAlive(pid, dataFolder) ? pid : undefined;
}

/**
 * Starts PostgreSQL and waits until it takes connections. Throws with the server's own words when it does not.
 * After a SIGKILL of the postmaster its backends may live for a moment and hold the shared memory: tried again then.
 */
export async function startPostmaster(files: PostmasterFiles): Promise<void> {
  const deadline = Date.now() + startDeadlineMs;
  forgetDeadPostmaster(files);
  for (;;) {
    const problem = await tryStart(files);
    if (problem === undefined) return;
    if (!problem.includes('still in use') || Date.now() > deadline) {
      throw new Error(`PostgreSQL in ${files.dataFolder} does not start: ${problem}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * PostgreSQL takes a pid for alive that is a zombie (in a container whose first process collects none) or another
 * process by now, and then refuses to start. Its check of the shared memory still keeps two servers apart.
 */
function forgetDeadPostmaster({ dataFolder, socketLockFile }: PostmasterFiles): void {
  if (postmasterPid(dataFolder) !== undefined) return;
  rmSync(join(dataFolder, 'postmaster.pid'), { force: true });
  rmSync(socketLockFile, { force: true });
}

/** Returns what the server said when it ended instead of becoming ready. */
async function tryStart(files: PostmasterFiles): Promise<string | undefined> {
  const log = openSync(files.logFile, 'a');
  const logStart = await sizeOf(files.logFile);
  let ended = false;
  try {
    const child = spawn(
      postgresProgram('postgres'),
      ['-D', files.dataFolder, '-c', `config_file=${files.configurationFile}`],
      {
        ...serverAccount(),
        cwd: '/',
        detached: true,
        env: serverEnvironment(),
        stdio: ['ignore', log, log],
      },
    );
    child.once('exit', () => (ended = true));
    child.once('error', () => (ended = true));
    child.unref();
    const ready = () =>
      Number(pidFile(files.dataFolder)?.[0]) === child.pid && pidFile(files.dataFolder)?.[7]?.trim() === 'ready';
    await until(`PostgreSQL in ${files.dataFolder} takes connections`, () => ended || ready(), {
      deadlineMs: startDeadlineMs,
    });
  } finally {
    closeSync(log);
  }
  return ended ? reason(await textFrom(files.logFile, logStart)) : undefined;
}

export async function stopPostmaster(dataFolder: string, mode: 'fast' | 'immediate' | 'kill'): Promise<void> {
  const pid = postmasterPid(dataFolder);
  if (pid === undefined) return;
  signal(pid, { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' }[mode] as NodeJS.Signals);
  await until(`PostgreSQL in ${dataFolder} ends (${mode})`, () => !isAlive(pid, dataFolder), {
    deadlineMs: stopDeadlineMs,
  });
}

/** Makes the server read its configuration files again. */
export function reloadPostmaster(dataFolder: string): void {
  const pid = postmasterPid(dataFolder);
  if (pid !== undefined) signal(pid, 'SIGHUP');
}

/** postmaster.pid's lines: pid, data folder, …, the eighth says `starting`, `ready`, `standby` or `stopping`. */
function pidFile(dataFolder: string): string[] | undefined {
  try {
    return readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

async function textFrom(path: string, start: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function reason(log: string): string {
  const telling = log.split('\n').filter((line) => /(FATAL|PANIC|ERROR|HINT|DETAIL):/.test(line));
  return (
    (telling.length > 0 ? telling : log.split('\n').slice(-5))
      .map((line) => line.replace(/^.*?(?=(FATAL|PANIC|ERROR|HINT|DETAIL):)/, ''))
      .join(' ')
      .trim() || 'it said nothing'
  );
}
