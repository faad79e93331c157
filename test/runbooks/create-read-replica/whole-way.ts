/** createReadReplica where all goes well, on the production itself, under its clients. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../lab/processes';
import { Database } from '../support/database';
import type { Cluster } from '../support/cluster';
import { acceptedBy } from '../support/replica-run';
import { Run } from '../support/run';
import { withoutFailedRequests } from '../support/without-failed-requests';
import { Workload } from '../support/workload';

const replica = 'broxiva-db-replica-1';
const [secret, key] = ['broxiva-secrets', 'DATABASE_READ_REPLICA_URL'];

export function wholeWayTests(cluster: () => Cluster): void {
  const create = (input: object = {}) =>
    Run.start(cluster().production, 'createReadReplica', {
      ...{ replica, readers: ['broxiva-api'], lagWindowSeconds: 3, ...input },
    });
  const texts = async () => {
    const { data } = await cluster().get('secret', secret);
    const decoded = Object.entries(data as Record<string, string>).map(([name, text]) => [
      name,
      Buffer.from(text, 'base64').toString(),
    ]);
    return Object.fromEntries(decoded) as Record<string, string>;
  };

  test.concurrent('reads go to the replica, writes to the primary, no request fails', async () => {
    const database = Database.first(cluster().production);
    const api = Workload.of(cluster(), 'broxiva-api');
    await database.letIn('office', '203.0.113.1', '203.0.113.9');
    await database.letIn('vpn', '198.51.100.7', '198.51.100.7');
    const before = { secret: await texts(), uids: await api.uids() };
    const orders = new Orders(await cluster().serviceUrl('broxiva-api', '/api/orders'));
    const scans = async (server?: string) => {
      const [row] = await database.sql<{ scans: string }>(
        `SELECT seq_scan + coalesce(idx_scan, 0) AS scans FROM pg_stat_user_tables WHERE relname = 'products'`,
        server,
      );
      return Number(row!.scans);
    };

    await withoutFailedRequests(await cluster().serviceUrl('broxiva-api', '/api/products'), async () => {
      const run = await create({ timing: { soakSeconds: 2 } });
      const report = await run.report();
      const { outcome, summary, clients } = report;
      expect(`${outcome}: ${summary}`).toMatch(/^Succeeded: broxiva-db-replica-1 is Ready and \d+ bytes behind$/);
      expect(clients).toMatchObject({ failedRequests: 0 });
      expect(clients!.requests).toBeGreaterThan(10);
      expect(report.steps.map(({ name, from, to }) => `${name}: ${from} → ${to}`)).toEqual([
        `create ${replica}: absent → replica of ${database.name}`,
        `publish address of ${replica} for broxiva-api: no ${key} → ${key} leads to ${replica}`,
        `wire broxiva-api: no ${key} → ${key} from ${secret}/${key}`,
      ]);
      expect(report.steps.map(({ evidence }) => evidence)).toEqual([
        expect.stringMatching(/a write refused; every marker of 3 s was there a second later/),
        expect.stringMatching(/its login works, in recovery$/),
        expect.stringMatching(/^\d+ sessions of broxiva-api on .*, \d+ rows read there, a write refused, /),
      ]);
      expect(await acceptedBy(run, cluster().production)).toEqual([
        `${replica} made as a replica`,
        ...[`${replica} lets in office`, `${replica} lets in vpn`],
      ]);
      expect((await database.firewallRules(replica)).sort()).toEqual((await database.firewallRules()).sort());
      expect(cluster().mutations(run.workflowId)).toEqual([
        `patch secrets ${secret}`,
        `broxiva-api ${key} from ${secret}/${key}`,
      ]);

      // The address is the primary's but for its host and the reader's name; nothing else of the Secret has changed.
      const { [key]: address, ...rest } = await texts();
      expect(rest).toEqual(before.secret);
      const wanted = new URL(before.secret['DATABASE_URL']!);
      wanted.hostname = await database.host(replica);
      wanted.searchParams.set('application_name', 'broxiva-api');
      expect(address).toBe(wanted.href);
      expect((await api.uids()).filter((uid) => before.uids.includes(uid))).toEqual([]);

      const [primaryBefore, replicaBefore] = [await scans(), await scans(replica)];
      await until('a read arrives at the replica', async () => (await scans(replica)) > replicaBefore, {
        ...{ deadlineMs: 50_000, everyMs: 500 },
      });
      expect(await scans()).toBe(primaryBefore);

      const again = await create();
      expect(await again.report()).toMatchObject({ outcome: 'Succeeded', summary: 'nothing to do: all is so already' });
      expect(cluster().mutations(again.workflowId)).toEqual([]);
    });

    // Every order that was acknowledged, before the wiring and after, is on the primary, and so on the replica.
    const ids = await orders.end();
    const found = async (server?: string) =>
      (await database.sql<{ id: string }>(`SELECT id FROM orders WHERE id = ANY('{${ids.join()}}')`, server)).length;
    expect(ids.length).toBeGreaterThan(20);
    expect(await found()).toBe(ids.length);
    await until('the replica has them too', async () => (await found(replica)) === ids.length, { deadlineMs: 50_000 });
  });
}

/** A client that orders something every 100 ms, and must be able to. */
class Orders {
  private readonly ids: string[] = [];
  private readonly bad: string[] = [];
  private going = true;
  private readonly ordering: Promise<void>;

  constructor(private readonly url: string) {
    this.ordering = this.work();
  }

  /** Ids of the acknowledged ones. Fails where one was refused. */
  async end(): Promise<string[]> {
    this.going = false;
    await this.ordering;
    expect(this.bad).toEqual([]);
    return this.ids;
  }

  private async work(): Promise<void> {
    while (this.going) {
      await this.order().catch((error: Error) => this.bad.push(error.message));
      await sleep(100);
    }
  }

  private async order(): Promise<void> {
    const answer = await fetch(this.url, { method: 'POST', headers: { connection: 'close' } });
    const { id } = (await answer.json()) as { id: string };
    if (answer.status === 201) this.ids.push(id);
    else this.bad.push(`answered ${answer.status}`);
  }
}
