/** Commands in a running container. */
import { type ChildProcess, spawn } from 'node:child_process';
import { isRoot } from '../../account';
import type { Container } from './container';
import { quote } from './container-script';

/** 128: as a container runtime tells that the command could not be run. */
const notRunExitCode = 128;

/**
 * Starts a command in the container's namespaces and file tree, with its environment; once it has them: a container that
 * has just begun is still on this machine. Throws when it does not run.
 */
export async function startIn(
  container: Container,
  command: string[],
  options: { tty?: boolean } = {},
): Promise<ChildProcess> {
  const pid = await container.ownProcess();
  if (pid === undefined) throw new Error('the container does not run');
  const enter = [
    ...['--target', String(pid), '--mount', '--pid', '--root', `--wd=/proc/${pid}/cwd`],
    ...(isRoot() ? [] : ['--user', '--preserve-credentials']),
  ];
  const line = command.map(quote).join(' ');
  // `script` lends the command a terminal.
  const inside = options.tty ? ['/usr/bin/script', '-qec', line, '/dev/null'] : ['/bin/sh', '-c', `exec ${line}`];
  return spawn('/usr/bin/nsenter', [...enter, ...inside], { env: container.environment, cwd: '/', detached: true });
}

/** The exit code of a command without input. One that takes too long is ended and counts as failed. */
export async function runIn(container: Container, command: string[], deadlineMs: number): Promise<number> {
  const child = await startIn(container, command);
  child.stdin!.end();
  child.stdout!.resume();
  child.stderr!.resume();
  const timer = setTimeout(() => killGroup(child), deadlineMs);
  try {
    return await exitCode(child);
  } finally {
    clearTimeout(timer);
  }
}

export function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(notRunExitCode));
    child.once('exit', (code) => resolve(code ?? notRunExitCode + 9));
  });
}

/** The command and what it started. */
export function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
