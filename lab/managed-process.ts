/**
 * A background process of the lab: it outlives the command that started it, writes a log, and is known by a file with
 * its pid and beginning, so that any other command of the lab finds it and none takes another process for it.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Account } from './account';
import { beginningOf, signal, until } from './processes';

export interface Command {
  file: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
  folder: string;
  /** Whose process it is; ours where absent. */
  account?: Account;
}

export interface ProcessState {
  pid: number;
  startedAt: string;
  frozen: boolean;
}

export class ManagedProcess {
  readonly logFile: string;
  private readonly pidFile: string;

  constructor(
    readonly name: string,
    labFolder: string,
  ) {
    this.logFile = join(labFolder, 'logs', `${name}.log`);
    this.pidFile = join(labFolder, 'processes', `${name}.json`);
  }

  /** Undefined when it does not run. */
  get state(): ProcessState | undefined {
    try {
      const { pid, beginning, startedAt } = JSON.parse(readFileSync(this.pidFile, 'utf8')) as Omit<
        ProcessState,
        'frozen'
      > & { beginning: string };
      if (beginningOf(pid) !== beginning) return undefined;
      return { pid, startedAt, frozen: isStopped(pid) };
    } catch {
      return undefined;
    }
  }

  get running(): boolean {
    return this.state !== undefined;
  }

  /**
   * Starts it and waits until `ready`. Throws with the end of its log when it ends before, or is not ready in time.
   * Nothing to start when it runs.
   */
  async start(command: Command, ready: () => Promise<boolean>, deadlineMs: number): Promise<void> {
    const logStart = this.running ? this.logSize() : this.spawn(command);
    const done = async () => !this.running || (await ready().catch(() => false));
    await until(this.name, done, { deadlineMs, everyMs: 50 }).catch(() => {
      throw new Error(`${this.name} is not ready within ${deadlineMs / 1000} s: ${this.complaint(logStart)}`);
    });
    if (!this.running) throw new Error(`${this.name} ended at once: ${this.complaint(logStart)}`);
  }

  /** From now on it is known by the other's name, and this one's is free for another process. */
  become(other: ManagedProcess): void {
    if (this.running) renameSync(this.pidFile, other.pidFile);
  }

  signal(name: NodeJS.Signals): void {
    const state = this.state;
    if (state) signal(state.pid, name);
  }

  /** Ends it: SIGTERM, and SIGKILL after the grace time. A frozen one is thawed to hear the signal. */
  async stop(graceMs = 5_000): Promise<void> {
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    await this.ended(graceMs).catch(() => this.kill());
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended(10_000);
  }

  private async ended(deadlineMs: number): Promise<void> {
    await until(`${this.name} ends`, () => !this.running, { deadlineMs });
    rmSync(this.pidFile, { force: true });
  }

  /** Returns where the log of this start begins. */
  private spawn(command: Command): number {
    mkdirSync(dirname(this.logFile), { recursive: true });
    mkdirSync(dirname(this.pidFile), { recursive: true });
    const logStart = this.logSize();
    const log = openSync(this.logFile, 'a');
    try {
      const child = spawn(command.file, command.args, {
        ...{ cwd: command.folder, env: command.environment, ...command.account },
        ...{ detached: true, stdio: ['ignore', log, log] },
      });
      child.on('error', () => undefined);
      child.unref();
      if (child.pid === undefined) throw new Error(`${command.file} cannot be run: is it there?`);
      const record = { pid: child.pid, beginning: beginningOf(child.pid), startedAt: new Date().toISOString() };
      writeFileSync(this.pidFile, JSON.stringify(record));
    } finally {
      closeSync(log);
    }
    return logStart;
  }

  private logSize(): number {
    return statSync(this.logFile, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The line that names an error, or the last ones. */
  private complaint(logStart: number): string {
    const lines = readFileSync(this.logFile).subarray(logStart).toString('utf8').trim().split('\n');
    const telling = lines.findLast((line) => /error/i.test(line) && !/^\s+at /.test(line));
    return `${telling?.trim() ?? lines.slice(-3).join('\n')} (all of it: ${this.logFile})`;
  }
}

function isStopped(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .startsWith('T');
}
