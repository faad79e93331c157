/** Replays histories on a bundle, one after the other, in one worker for all. */
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { History } from './history';

Runtime.install({ logger: new DefaultLogger('ERROR') });

interface Job {
  workflowId: string;
  history: History;
  done(error: string | undefined): void;
}

export class Replayer {
  private readonly jobs: Job[] = [];
  private wake: (() => void) | undefined;
  private closed = false;
  private readonly running: Promise<void>;

  constructor(bundle: string) {
    this.running = this.run(bundle);
    // Told to whoever asks next.
    this.running.catch(() => undefined);
  }

  /** Why it cannot be replayed, or nothing. */
  replay(workflowId: string, history: History): Promise<string | undefined> {
    const result = new Promise<string | undefined>((done) => this.jobs.push({ workflowId, history, done }));
    this.wake?.();
    return Promise.race([result, this.running.then(() => 'the replayer has ended')]);
  }

  async stop(): Promise<void> {
    this.closed = true;
    this.wake?.();
    await this.running;
  }

  private async run(bundle: string): Promise<void> {
    const given: Job[] = [];
    const histories = this.histories(given);
    const results = Worker.runReplayHistories({ workflowBundle: { codePath: bundle } }, histories);
    for await (const { workflowId, error } of results) {
      const index = given.findIndex((job) => job.workflowId === workflowId);
      const [job] = given.splice(index, 1);
      job?.done(error && `${workflowId} cannot be replayed: ${error.message.split('\n')[0]}`);
    }
  }

  private async *histories(given: Job[]): AsyncGenerator<{ workflowId: string; history: History }> {
    while (!this.closed) {
      const job = this.jobs.shift();
      if (!job) {
        await new Promise<void>((resolve) => (this.wake = resolve));
        continue;
      }
      given.push(job);
      yield job;
    }
  }
}
