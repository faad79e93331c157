/** The worker that carries out runs, as a process of its own: what production has, with the lab's addresses. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { labEnvironment } from '../environment';
import { type Lab, repository } from '../lab';
import { ManagedProcess } from '../managed-process';
import type { Temporal } from '../temporal/temporal';

const startDeadlineMs = 60_000;
const main = join(repository, 'dist', 'worker', 'main.js');

export class Worker {
  readonly process: ManagedProcess;

  constructor(
    private readonly lab: Lab,
    private readonly temporal: Temporal,
  ) {
    this.process = new ManagedProcess('worker', lab.folder);
  }

  /** Starts it and waits until it asks the server for work. Throws when it was not built, or does not. */
  async start(): Promise<void> {
    if (!existsSync(main)) throw new Error(`the worker is not built (no ${main}): run \`make setup\``);
    await this.process.start(
      {
        file: process.execPath,
        args: [main],
        environment: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          USER: process.env.USER || 'lab',
          ...labEnvironment(this.lab),
        },
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
