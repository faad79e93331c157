/** The production's worker, made of the sources as they are, as a process of its own that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { repository } from '../../../lab/lab';
import { until } from '../../../lab/processes';

const deadlineMs = 60_000;

export class WorkerProcess {
  private child: ChildProcess | undefined;

  constructor(private readonly environment: Record<string, string>) {}

  /** Starts it and waits until it takes work. Throws with all that it said when it does not. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['-r', './test/lab/typescript.cjs', 'worker/main.ts'], {
      cwd: repository,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    const ready = () => {
      if (child.exitCode !== null) throw new Error(`the worker ended: ${said}`);
      return said.includes('worker ready');
    };
    await until('the worker is ready', ready, { deadlineMs, everyMs: 50 });
  }

  /** SIGKILL. Nothing to do when it does not run. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
