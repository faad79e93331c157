/**
 * One run of a container: a process in namespaces of its own, with its own file tree, its output in a file.
 *
 * It belongs to the lab, not to the kubelet: its folder holds its pid and, once it has ended, its exit code, so that a
 * kubelet that is started again takes it over.
 *
 *   sh (writes the exit code) → unshare → the container's first process
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRoot } from '../../account';
import { beginningOf, signal } from '../../processes';
import { type ContainerLayout, containerScript, isPreparing } from './container-script';
import { removeCpuGroup } from './cpu-limits';
import { childrenOf } from './process-tree';

export interface ContainerRecord {
  /** How often it was started before, in this pod. */
  attempt: number;
  /** Of the shell that waits for it. */
  pid: number;
  beginning: string;
  startedAt: string;
  /** That limits its CPU, where there is one. */
  cpuGroup?: string;
}

export interface ContainerEnd {
  exitCode: number;
  finishedAt: string;
}

const pollMs = 200;
const firstProcessDeadlineMs = 5_000;
/** As a shell tells the end by SIGKILL. */
export const killedExitCode = 137;

/**
 * Enters the cgroup $1, if it is not empty, runs the container and writes its exit code into the file $0. unshare's own complaints are kept apart from the
 * container's: up to util-linux 2.38 it says 1 and complains about sigprocmask where its child was ended by SIGKILL.
 */
const waiter = `[ -z "$1" ] || echo $$ >"$1/cgroup.procs"
shift
"$@" 3>&2 2>"$0.unshare"
code=$? PATH=/usr/bin:/bin
read -r complaint <"$0.unshare"
case $complaint in *sigprocmask*) code=${killedExitCode} ;; ?*) echo "$complaint" >&2 ;; esac
echo $code >"$0.new" && mv "$0.new" "$0"`;

export class Container {
  readonly ended: Promise<ContainerEnd>;
  end: ContainerEnd | undefined;
  /** Why the kubelet ended it, if it did for a reason of its own. */
  killReason: 'OOMKilled' | undefined;

  private constructor(
    readonly folder: string,
    readonly record: ContainerRecord,
    process?: ChildProcess,
  ) {
    this.ended = this.waitForEnd(process);
  }

  /** `folder` is new; `environment` is the container's, whole; `cpuGroup` a cgroup of its own, if it has one. */
  static start(
    folder: string,
    attempt: number,
    layout: Omit<ContainerLayout, 'root' | 'canProtect'>,
    environment: Record<string, string>,
    cpuGroup?: string,
  ): Container {
    const root = join(folder, 'root');
    mkdirSync(root, { recursive: true });
    const script = join(folder, 'script');
    writeFileSync(script, containerScript({ ...layout, root, canProtect: isRoot() }), { mode: 0o600 });
    // Not to be had from the process later: some write their title over it.
    writeFileSync(join(folder, 'environment'), JSON.stringify(environment), { mode: 0o600 });
    const log = openSync(join(folder, 'log'), 'a');
    try {
      const command = [...unshare, '/bin/sh', script];
      const child = spawn('/bin/sh', ['-c', waiter, join(folder, 'exit'), cpuGroup ?? '', ...command], {
        ...{ cwd: '/', env: environment, detached: true, stdio: ['ignore', log, log] },
      });
      child.on('error', () => undefined);
      child.unref();
      const pid = child.pid!;
      const beginning = beginningOf(pid)!;
      const record = { attempt, pid, beginning, startedAt: new Date().toISOString(), ...(cpuGroup && { cpuGroup }) };
      writeFileSync(join(folder, 'container.json'), JSON.stringify(record));
      return new Container(folder, record, child);
    } finally {
      closeSync(log);
    }
  }

  /** Of an earlier kubelet; undefined where none was started. */
  static adopt(folder: string): Container | undefined {
    const file = join(folder, 'container.json');
    if (!existsSync(file)) return undefined;
    return new Container(folder, JSON.parse(readFileSync(file, 'utf8')) as ContainerRecord);
  }

  get id(): string {
    return `process://${this.record.pid}-${this.record.beginning}`;
  }

  get logFile(): string {
    return join(this.folder, 'log');
  }

  /** For commands that are run in it later. */
  get environment(): Record<string, string> {
    return JSON.parse(readFileSync(join(this.folder, 'environment'), 'utf8')) as Record<string, string>;
  }

  get running(): boolean {
    return this.end === undefined;
  }

  /** The container's first process, as this machine numbers it; undefined when it does not run. */
  get firstProcess(): number | undefined {
    if (beginningOf(this.record.pid) !== this.record.beginning) return undefined;
    const [namespaces] = childrenOf(this.record.pid);
    return namespaces === undefined ? undefined : childrenOf(namespaces)[0];
  }

  /** Resolves when the signal was sent, or the container has ended, or its own process has not come within the deadline. */
  async signal(name: NodeJS.Signals, deadlineMs = firstProcessDeadlineMs): Promise<void> {
    const pid = name === 'SIGKILL' ? await this.someProcess(() => true) : await this.ownProcess(deadlineMs);
    if (pid !== undefined) signal(pid, name);
  }

  /**
   * The first process, once it is the container's own: before that it is a shell of ours, on which a signal would be lost,
   * and which sees this machine's files. Undefined when the container has ended.
   */
  ownProcess(deadlineMs?: number): Promise<number | undefined> {
    return this.someProcess((pid) => !this.isPreparing(pid), deadlineMs);
  }

  private async someProcess(
    isWanted: (pid: number) => boolean,
    deadlineMs = firstProcessDeadlineMs,
  ): Promise<number | undefined> {
    const deadline = Date.now() + deadlineMs;
    while (this.running && Date.now() < deadline) {
      const pid = this.firstProcess;
      if (pid !== undefined && isWanted(pid)) return pid;
      await sleep(20);
    }
    return undefined;
  }

  private isPreparing(pid: number): boolean {
    try {
      return isPreparing(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), join(this.folder, 'script'));
    } catch {
      return true;
    }
  }

  private async waitForEnd(child?: ChildProcess): Promise<ContainerEnd> {
    if (child) await new Promise((resolve) => child.once('exit', resolve));
    while (beginningOf(this.record.pid) === this.record.beginning) await sleep(pollMs);
    this.end = readEnd(join(this.folder, 'exit'));
    if (this.record.cpuGroup) removeCpuGroup(this.record.cpuGroup);
    return this.end;
  }
}

/** Without root a namespace of users comes first, in which we are root. */
const unshare = [
  ...['/usr/bin/unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'],
  ...(isRoot() ? [] : ['--map-root-user']),
];

/** No file: the waiting shell was killed, and with it all that it waited for. */
function readEnd(file: string): ContainerEnd {
  if (!existsSync(file)) return { exitCode: killedExitCode, finishedAt: new Date().toISOString() };
  return { exitCode: Number(readFileSync(file, 'utf8')), finishedAt: statSync(file).mtime.toISOString() };
}
