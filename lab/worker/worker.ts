/**
 * The worker that carries out runs, as a process of its own: what production has, with the lab's addresses. Where there is
 * a cluster it knows the names that the cluster's pods know, as one that runs in a cluster would.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { labEnvironment } from '../environment';
import { ClusterLayout, productionNamespace } from '../kubernetes/layout';
import { type Lab, repository } from '../lab';
import { type Command, ManagedProcess } from '../managed-process';
import type { Temporal } from '../temporal/temporal';
import { withOwnNames } from './own-names';

const startDeadlineMs = 60_000;
const main = join(repository, 'dist', 'worker', 'main.js');

export class Worker {
  readonly process: ManagedProcess;
  /** One that was frozen, and has a replacement. */
  readonly frozen: ManagedProcess;

  constructor(
    private readonly lab: Lab,
    private readonly temporal: Temporal,
  ) {
    this.process = new ManagedProcess('worker', lab.folder);
    this.frozen = new ManagedProcess('frozen-worker', lab.folder);
  }

  /** Starts it and waits until it asks the server for work. Throws when it was not built, or does not. */
  async start(): Promise<void> {
    if (!existsSync(main)) throw new Error(`the worker is not built (no ${main}): run \`make setup\``);
    await this.process.start(this.command(), () => this.asksForWork(), startDeadlineMs);
  }

  private command(): Command {
    const command = {
      file: process.execPath,
      args: [main],
      environment: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        USER: process.env.USER || 'lab',
        ...labEnvironment(this.lab),
      },
      folder: repository,
    };
    if (!this.lab.configuration.kubernetes) return command;
    return withOwnNames(command, new ClusterLayout(this.lab).hostsFile(productionNamespace));
  }

  /** SIGSTOP: it answers nothing, and does not know. */
  freeze(): void {
    this.process.signal('SIGSTOP');
  }

  /** A frozen worker makes place for another, and can still be thawed; the one that was frozen before it ends. */
  async replace(): Promise<void> {
    await this.frozen.kill();
    this.process.become(this.frozen);
    await this.start();
  }

  /** SIGCONT, to whichever is frozen. */
  thaw(): void {
    this.process.signal('SIGCONT');
    this.frozen.signal('SIGCONT');
  }

  /** The server remembers the polls of earlier workers for minutes. */
  private async asksForWork(): Promise<boolean> {
    const last = await this.temporal.lastPoll(this.lab.configuration.taskQueue);
    const startedAt = this.process.state?.startedAt;
    return last !== undefined && startedAt !== undefined && Date.parse(last) >= Date.parse(startedAt);
  }
}
