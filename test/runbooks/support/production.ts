/**
 * A whole production of one's own, made by `lab up` and reached as any production is: Temporal, Azure Resource Manager, SQL,
 * the command line. Worker and command line are made of the sources as they are: no build can be older than they.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { LockState } from '../../../catalogue';
import { lockMessages, lockWorkflowId, targetOf } from '../../../catalogue';
import type { LoggedRequest } from '../../../lab/azure';
import { askDaemon } from '../../../lab/control-client';
import { labEnvironment } from '../../../lab/environment';
import { Lab, production as names, repository } from '../../../lab/lab';
import { CommandLine } from '../../client/support/command-line';
import { scratchName } from '../../lab/scratch-lab';
import { WorkerProcess } from './worker-process';

const run = promisify(execFile);
const apiVersion = '2025-08-01';
const locksApiVersion = '2020-05-01';
const group = `/subscriptions/${names.subscriptionId}/resourceGroups/${names.resourceGroup}`;

export interface Answer<Body> {
  status: number;
  body: Body;
}

export interface ProductionWish {
  timeFactor?: number;
  replicas?: number;
  kubernetes?: boolean;
  /** What worker and command line are told besides where everything is; asked when the lab is up. */
  environmentOf?(lab: Lab): Promise<Record<string, string>>;
}

export class Production {
  private constructor(
    readonly lab: Lab,
    private readonly connection: Connection,
    readonly client: Client,
    readonly worker: WorkerProcess,
    /** The command `runbook`. */
    readonly runbook: CommandLine,
  ) {}

  static async start({
    timeFactor = 120,
    replicas = 0,
    kubernetes = false,
    environmentOf = () => Promise.resolve({}),
  }: ProductionWish = {}): Promise<Production> {
    const name = scratchName();
    const flags = ['--no-worker', ...(kubernetes ? ['--kubernetes'] : [])];
    await labCommand(name, 'up', ...flags, '--time-factor', String(timeFactor), '--replicas', String(replicas));
    const lab = Lab.find(name)!;
    const environment = { ...labEnvironment(lab), ...(await environmentOf(lab)) };
    const worker = new WorkerProcess(environment);
    await worker.start().catch(async (error: unknown) => {
      await labCommand(name, 'down');
      throw error;
    });
    const connection = await Connection.connect({ address: lab.temporalAddress });
    return new Production(lab, connection, new Client({ connection }), worker, new CommandLine(environment));
  }

  async stop(): Promise<void> {
    this.runbook.remove();
    await this.worker.kill();
    await this.connection.close();
    await labCommand(this.lab.name, 'down');
  }

  get taskQueue(): string {
    return this.lab.configuration.taskQueue;
  }

  /** One request to Azure Resource Manager about a server, such as `PUT`, `db-1/configurations/wal_level`. */
  async azure<Body>(method: string, path: string, body?: object): Promise<Answer<Body>> {
    const version = path.includes('Microsoft.Authorization') ? locksApiVersion : apiVersion;
    const resource = `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${path}?api-version=${version}`;
    const headers = { authorization: 'Bearer lab', 'content-type': 'application/json' };
    const options = { method, headers, ca: readFileSync(this.lab.authorityFile) };
    const sent = request(this.lab.resourceManager + resource, options).end(body && JSON.stringify(body));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const text = (await answer.setEncoding('utf8').toArray()).join('');
    return { status: answer.statusCode!, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  }

  arm(fault: string, options: Record<string, unknown> = {}): Promise<unknown> {
    return askDaemon(this.lab, 'POST', `/faults/${fault}`, options);
  }

  /** Every fault, of every server. */
  clearFaults(): Promise<void> {
    return askDaemon(this.lab, 'DELETE', '/faults');
  }

  requests(): Promise<LoggedRequest[]> {
    return askDaemon<LoggedRequest[]>(this.lab, 'GET', '/requests');
  }

  /** The lock of a server; undefined where no run ever asked for it. */
  lock(server: string): Promise<LockState | undefined> {
    const handle = this.client.workflow.getHandle(lockWorkflowId(targetOf('postgres', server)));
    return handle.query<LockState>(lockMessages.state).catch(() => undefined);
  }
}

/** The command `lab`, from the sources. Throws with what it says when it fails. */
export async function labCommand(name: string, ...args: string[]): Promise<string> {
  const command = ['-r', './test/lab/typescript.cjs', 'lab/cli/main.ts', '--name', name, ...args];
  return (await run(process.execPath, command, { cwd: repository })).stdout;
}
