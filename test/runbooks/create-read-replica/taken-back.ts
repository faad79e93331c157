/** createReadReplica on its way back: readers, address, replica, in this order; and nothing that somebody else uses. */
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { publishes, Reader, unwires, wires } from '../support/reader';
import { changesOf } from '../support/replica-run';
import { Run } from '../support/run';

export const takenBackReaders = ['sick'];

export function takenBackTests(cluster: () => Cluster): void {
  test.concurrent('readers first, then the address, then the replica: by the logs of both systems', async () => {
    const { production, faults } = cluster();
    const database = await Database.create(production);
    const sick = await Reader.make(cluster(), 'sick', database);
    const [before, uids] = [await sick.look(), await sick.workload.uids()];
    const replica = `${database.name}-1`;
    faults.pushImage(sick.image, 'unready');
    const run = await Run.start(production, 'createReadReplica', {
      ...{ source: database.name, replica, readers: ['sick'], lagWindowSeconds: 1 },
      timing: { verificationTimeoutSeconds: 30 },
    });
    const report = await run.report();
    expect(report).toMatchObject({
      ...{ outcome: 'RolledBack', summary: expect.stringMatching(/sick-\S+ is not Ready/) as string },
      steps: [{ state: 'undone' }, { state: 'undone' }, { state: 'undone' }],
    });
    expect(await changesOf(run, cluster())).toEqual([
      `${replica} made as a replica`,
      ...[publishes('sick'), wires('sick'), unwires('sick'), publishes('sick')],
      `${replica} deleted`,
    ]);
    const { generation: _changed, ...look } = before;
    expect(await sick.look()).toMatchObject(look);
    expect(await sick.look()).not.toHaveProperty('variable');
    expect(await sick.workload.uids()).toEqual(uids);
    expect(await database.knows(replica)).toBe(false);
  });

  test.concurrent('a replica that somebody is on, or a virtual endpoint leads to, is not deleted', async () => {
    const { production } = cluster();
    const database = await Database.create(production);
    const replica = `${database.name}-1`;
    const run = await Run.start(production, 'createReadReplica', {
      ...{ source: database.name, replica, readers: [], lagWindowSeconds: 60 },
      timing: { verificationTimeoutSeconds: 30 },
    });
    await run.untilStep('create', 'verifying');
    await database.ready(replica);
    const somebody = await database.session(replica);
    const endpoint = `${database.name}/virtualEndpoints/${database.name}-reads`;
    await database.change('PUT', endpoint, { properties: { endpointType: 'ReadWrite', members: [replica] } });
    const status = async () => (await production.azure('GET', endpoint)).status;
    await until('the endpoint is there', async () => (await status()) === 200, { deadlineMs: 50_000, everyMs: 100 });
    await run.order('abort');
    const stuck = async (words: RegExp) => {
      const { trouble } = await run.until(({ phase }) => phase === 'needs-operator');
      expect(trouble!.tried.join('\n')).toMatch(words);
      expect(await database.knows(replica)).toBe(true);
    };
    await stuck(/virtual endpoints lead to \S+: \S+-reads/);
    await database.change('DELETE', endpoint);
    await until('the endpoint is gone', async () => (await status()) === 404, { deadlineMs: 50_000, everyMs: 100 });
    await run.order('retry');
    await run.until(({ phase }) => phase !== 'needs-operator');
    await stuck(/has sessions: 1 of broxiva/);
    await somebody.end();
    await run.order('retry');
    const { outcome } = await run.until(({ phase }) => phase === 'closed');
    expect(outcome).toBe('RolledBack');
    expect(await changesOf(run, cluster())).toEqual([`${replica} made as a replica`, `${replica} deleted`]);
    expect(await database.knows(replica)).toBe(false);
  });
}
