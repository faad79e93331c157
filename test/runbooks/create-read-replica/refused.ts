/** createReadReplica where it refuses: nothing is touched, and what to do is said. */
import { production as names } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { Reader } from '../support/reader';
import { changesOf } from '../support/replica-run';
import { Run } from '../support/run';

export const refusedReaders = ['owned', 'occupied'];

export function refusalTests(cluster: () => Cluster): void {
  const refused = async (input: { source: string; [other: string]: unknown }, words: string | RegExp) => {
    const run = await Run.start(cluster().production, 'createReadReplica', {
      ...{ replica: `${input.source}-new`, readers: [], lagWindowSeconds: 2, ...input },
    });
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
    expect(summary).toContain('nothing was touched');
    expect(await changesOf(run, cluster())).toEqual([]);
  };

  test.concurrent('name, region, markers, readers', async () => {
    const { production } = cluster();
    const database = await Database.create(production);
    const source = database.name;
    await refused({ source, replica: names.primary }, `${names.primary} is there already and follows nobody`);
    await refused({ source, location: 'marsnorth' }, `marsnorth offers no ${names.sku}, the primary's size`);
    await refused({ source: 'nowhere-db' }, /nowhere-db.*was not found/);
    await refused({ source, readers: ['broxiva-web'] }, 'does not say how broxiva-web reads from a replica');

    const argo = { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:broxiva-prod/owned' };
    const owned = await Reader.make(cluster(), 'owned', database, { replicas: 0, annotations: argo });
    const environment = { DATABASE_READ_REPLICA_URL: 'postgresql://elsewhere' };
    const occupied = await Reader.make(cluster(), 'occupied', database, { replicas: 0, environment });
    const before = [await owned.look(), await occupied.look()];
    await refused({ source, readers: ['owned'] }, 'Argo CD application shop owns owned or its Secret');
    await refused({ source, readers: ['occupied'] }, 'occupied sets DATABASE_READ_REPLICA_URL in another way');
    expect([await owned.look(), await occupied.look()]).toEqual(before);

    await database.sql(`REVOKE INSERT ON runbooks.markers FROM ${names.administratorLogin}`);
    await refused({ source }, `GRANT SELECT, INSERT, DELETE ON runbooks.markers TO ${names.administratorLogin};`);
    await database.sql('DROP SCHEMA runbooks CASCADE');
    await refused({ source }, /CREATE SCHEMA IF NOT EXISTS runbooks;[^]*CREATE TABLE IF NOT EXISTS runbooks.markers/);
  });

  test.concurrent('Burstable', async () => {
    const { name } = await Database.create(cluster().production, { sku: 'Standard_B2s', tier: 'Burstable' });
    await refused({ source: name }, `${name} is Burstable, which has no read replicas`);
  });

  test.concurrent('a sixth replica; a replica of a replica; one that has diverged', async () => {
    const { production } = cluster();
    const database = await Database.create(production, { replicas: 5 });
    const [first, last] = [database.replicas[0]!, database.replicas[4]!];
    await refused({ source: database.name }, `${database.name} has 5 replicas, at most 5 are allowed`);
    await refused({ source: first }, `${first} is a replica itself: name its primary`);
    await production.arm('replica-diverges', { server: last });
    await until(`${last} has diverged`, () => database.takesWrites(last), { deadlineMs: 50_000, everyMs: 200 });
    await refused(
      { source: database.name, replica: last },
      `${last} is there, Ready and not streaming: nobody is led to it`,
    );
  });
}
