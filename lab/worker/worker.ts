/** The worker that carries out runs, as a process of its own: what production has, with the lab's addresses. */
import { join } from 'node:path';
import { labEnvironment } from '../environment';
import { type Lab, repository } from '../lab';
import { ManagedProcess } from '../managed-process';
import type { Temporal } from '../temporal/temporal';

const startDeadlineMs = 60_000;

export class Worker {
  readonly process: ManagedProcess;

  constructor(
    private readonly lab: Lab,
    private readonly temporal: Temporal,
  ) {
    this.process = new ManagedProcess('worker', lab.folder);
  }

  /** Starts it and waits until it asks the server for work. */
  async start(): Promise<void> {
    await this.process.start(
      {
        file: process.execPath,
        args: [join(repository, 'dist', 'worker', 'main.js')],
        environment: { PATH: process.env.PATH, HOME: process.env.HOME, ...labEnvironment(this.lab) },
        folder: repository,
      },
      () => this.asksForWork(),
      startDeadlineMs,
    );
  }

  /** The server remembers the polls of earlier workers for minutes. */
  private async asksForWork(): Promise<boolean> {
    const last = await this.temporal.lastPoll(this.lab.configuration.taskQueue);
    const startedAt = this.process.state?.startedAt;
    return last !== undefined && startedAt !== undefined && Date.parse(last) >= Date.parse(startedAt);
  }
}
