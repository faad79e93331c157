/** databaseSkuUpgrade, where clients come through the pooler that is there by then. */
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { PoolClients } from '../support/pool-clients';
import { Pooler } from '../support/pooler';
import { Run } from '../support/run';
import { large } from '../support/sku-upgrade';

export function upgradeTests(cluster: () => Cluster): void {
  const start = (runbook: string, input: object) => Run.start(cluster().production, runbook, input);

  test('planned with what its clients will see; nobody changes the pooler meanwhile', async () => {
    const clients = new PoolClients(await new Pooler(cluster()).login());
    const run = await start('databaseSkuUpgrade', { sku: large.sku });
    await run.untilStep('scale primary', 'applying');
    const other = await start('deployPgbouncer', { poolSize: 26, onBusy: 'refuse' });
    expect(await other.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringContaining(run.workflowId) as string,
    });
    const report = await run.report();
    const served = clients.good;
    await until('clients are served again', () => clients.good > served, { deadlineMs: 10_000, everyMs: 50 });
    await clients.end();
    console.log(
      `behind the pooler: ${clients.good} good, ${clients.bad.length} failed, longest ${clients.longest} ms`,
      clients.bad,
    );
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    expect((await run.plan()).targets).toContain('pooler:broxiva-prod.pgbouncer');
    expect(await run.findings()).toContainEqual(expect.stringMatching(/^BehindPooler: .* pgbouncer cannot be paused/));
    expect((await run.findings()).filter((line) => line.startsWith('Pooler'))).toEqual([]);
  });
}
