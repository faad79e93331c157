/** A lab with the built worker, and what a run in it costs. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { Report } from '../catalogue';
import type { FullStatus } from '../lab/cli/status';
import { Lab, production, repository } from '../lab/lab';

const execute = promisify(execFile);

/** What the run of a change of size took. */
export interface RunCost {
  seconds: number;
  events: number;
  report: Report;
}

/** Memory of a process, MiB. */
export interface Memory {
  resident: number;
  /** The most that it ever was. */
  peak: number;
}

export class MeasuredLab {
  private constructor(
    private readonly name: string,
    private readonly client: Client,
    private readonly connection: Connection,
  ) {}

  /** `timeFactor`: what Azure's times are divided by. */
  static async up(timeFactor: number, ...options: string[]): Promise<MeasuredLab> {
    const name = `bench-${randomBytes(3).toString('hex')}`;
    await lab(name, 'up', '--time-factor', String(timeFactor), ...options);
    const connection = await Connection.connect({ address: Lab.find(name)!.temporalAddress });
    return new MeasuredLab(name, new Client({ connection }), connection);
  }

  async down(): Promise<void> {
    await this.connection.close();
    await lab(this.name, 'down');
  }

  /** Throws when it did not end as wanted. */
  async run(input: object): Promise<RunCost> {
    const began = Date.now();
    const handle = await this.client.workflow.start('databaseSkuUpgrade', {
      workflowId: `databaseSkuUpgrade:bench:${randomBytes(4).toString('hex')}`,
      taskQueue: Lab.find(this.name)!.configuration.taskQueue,
      args: [{ server: production.primary, requestedBy: 'bench', timing: { soakSeconds: 0 }, ...input }],
    });
    const report = (await handle.result()) as Report;
    const seconds = (Date.now() - began) / 1000;
    return { seconds, events: (await handle.describe()).historyLength, report };
  }

  async workerMemory(): Promise<Memory> {
    const { processes } = JSON.parse(await lab(this.name, '--json', 'status')) as FullStatus;
    const { pid } = processes.find(({ name }) => name === 'worker')!;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mebibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)![1]) / 1024;
    return { resident: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
  }
}

async function lab(name: string, ...args: string[]): Promise<string> {
  return command('lab', '--name', name, ...args);
}

/** The built command line, without its launcher. Throws with what it says when it fails. */
export async function command(program: 'lab' | 'client', ...args: string[]): Promise<string> {
  return (await execute(process.execPath, [join(repository, 'dist', program, 'cli', 'main.js'), ...args])).stdout;
}
