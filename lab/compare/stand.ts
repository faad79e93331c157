/** What the ways of a comparison act on: one lab, by the commands that a person types, and the clients' paths into it. */
import { readFileSync } from 'node:fs';
import { Api } from '../kubernetes/api/api';
import type { Service } from '../kubernetes/api/objects';
import { ClusterLayout, productionNamespace as namespace } from '../kubernetes/layout';
import { type Lab, production } from '../lab';
import type { Report } from '../../catalogue';
import { runbookCommand } from '../cli/output';
import { naming } from '../story/approval';
import type { Terminal } from '../story/terminal';

const [asking, approving] = ['operator@example.com', 'lead@example.com'];

export class Stand {
  readonly api: Api;
  /** The server that takes writes now. */
  primary: string = production.primary;
  private servers = 1;

  constructor(
    readonly lab: Lab,
    readonly terminal: Terminal,
  ) {
    this.api = Api.of(new ClusterLayout(lab), 'admin', 'compare');
  }

  /** Until it has succeeded. Throws for any other end. */
  async run(runbook: string, fields: Record<string, string>): Promise<void> {
    await this.terminal.must('runbook', ['start', runbook, ...settings(fields), '--as', asking, '--wait']);
  }

  /** The same, with the approval of somebody else for the steps that cannot be undone. */
  async runApproved(runbook: string, fields: Record<string, string>): Promise<void> {
    const { terminal } = this;
    await terminal.must('runbook', ['plan', runbook, ...settings(fields), '--as', asking]);
    const [dryRun] = await terminal.ask<{ workflowId: string }[]>('runbook', [
      'runs',
      '--limit',
      '1',
      '--runbook',
      runbook,
    ]);
    const { report } = await terminal.ask<{ report: Pick<Report, 'planHash' | 'steps'> }>('runbook', [
      'report',
      dryRun!.workflowId,
    ]);
    const planHash = report.planHash!;
    const said = await terminal.read('runbook', ['start', '--plan', planHash, '--as', asking]);
    const workflowId = /^started (\S+)$/m.exec(said)?.[1];
    if (workflowId === undefined) throw new Error(`${runbookCommand} start has started nothing`);
    const approval = ['--plan', planHash, ...naming(report.steps), '--as', approving];
    await terminal.must('runbook', ['approve', workflowId, ...approval, '--wait']);
  }

  /** `secret`: is not shown. */
  async kubectl(args: string[], { secret }: { secret?: string } = {}): Promise<void> {
    await this.terminal.must('lab', ['kubectl', '-n', namespace, ...args], secret === undefined ? {} : { secret });
  }

  async apply(collection: string, object: { metadata: { name: string; namespace: string } }): Promise<void> {
    await this.api.apply(`${collection.replace('$', namespace)}/${object.metadata.name}`, object);
  }

  /** The application's, to the primary that the lab has begun with. */
  get directUrl(): string {
    return readFileSync(this.lab.secretFile(production.primary, 'application-url'), 'utf8');
  }

  /** The same through the pooler. */
  async pooledUrl(): Promise<string> {
    const url = new URL(this.directUrl);
    url.host = `${await this.addressOf('pgbouncer')}:5432`;
    url.search = '?sslmode=disable';
    return url.href;
  }

  /** Where the API takes orders. */
  async ordersUrl(): Promise<string> {
    return `http://${await this.addressOf('broxiva-api')}/api/orders`;
  }

  /** A name that no server has yet. */
  nextServer(): string {
    return `broxiva-db-${++this.servers}`;
  }

  private async addressOf(service: string): Promise<string> {
    const { spec } = await this.api.get<Service>(`/api/v1/namespaces/${namespace}/services/${service}`);
    if (spec.clusterIP === undefined) throw new Error(`the Service ${service} has no address`);
    return spec.clusterIP;
  }
}

function settings(fields: Record<string, string>): string[] {
  return Object.entries(fields).flatMap(([field, value]) => ['--set', `${field}=${value}`]);
}
