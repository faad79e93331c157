/** A replica that does not keep up, or is none any more: nobody is ever led to it, and it goes again. */
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { publishes, Reader } from '../support/reader';
import { changesOf } from '../support/replica-run';
import { Run } from '../support/run';

export const unfitReaders = ['wary', 'routed'];

export function unfitTests(cluster: () => Cluster): void {
  test.concurrent(
    'it lags for ever, its replay is paused, it diverges: not even its address is published',
    async () => {
      const { production } = cluster();
      const database = await Database.create(production);
      const wary = await Reader.make(cluster(), 'wary', database);
      const before = await wary.look();
      const unfit = async (fault: string, options: object, words: RegExp) => {
        const replica = `${database.name}-${fault}`;
        await production.arm(fault, { server: database.name, ...options });
        const run = await Run.start(production, 'createReadReplica', {
          ...{ source: database.name, replica, readers: ['wary'], lagWindowSeconds: 2 },
          timing: { verificationTimeoutSeconds: 30 },
        });
        expect(await run.report()).toMatchObject({
          ...{ outcome: 'RolledBack', summary: expect.stringMatching(words) as string },
          steps: [{ state: 'undone' }, { state: 'pending' }, { state: 'pending' }],
        });
        expect(await changesOf(run, cluster())).toEqual([`${replica} made as a replica`, `${replica} deleted`]);
        expect(await database.knows(replica)).toBe(false);
        expect(await wary.look()).toEqual(before);
      };
      await unfit(
        'replica-lags',
        {},
        /did not keep up for 2 s: \d+ bytes behind, and what was written a second ago is not there/,
      );
      await unfit('replica-lags', { by: 'pause' }, /its replay is paused/);
      await unfit('replica-diverges', {}, /it is not in recovery; it takes writes; it does not stream/);
    },
  );

  test.concurrent('it diverges between its verification and the first reader: no pod is led to it', async () => {
    const { production, gate } = cluster();
    const database = await Database.create(production);
    const routed = await Reader.make(cluster(), 'routed', database);
    const before = await routed.look();
    const replica = `${database.name}-1`;
    const held = gate.hold('PATCH', /\/secrets\/routed-database/);
    const run = await Run.start(production, 'createReadReplica', {
      ...{ source: database.name, replica, readers: ['routed'], lagWindowSeconds: 1 },
      timing: { verificationTimeoutSeconds: 30 },
    });
    const release = await held;
    await production.arm('replica-diverges', { server: replica });
    await until(`${replica} has diverged`, () => database.takesWrites(replica), { deadlineMs: 50_000, everyMs: 100 });
    release();
    expect(await run.report()).toMatchObject({
      ...{ outcome: 'RolledBack', summary: expect.stringMatching(/leads to .* which is not in recovery/) as string },
    });
    expect(await changesOf(run, cluster())).toEqual([
      `${replica} made as a replica`,
      ...[publishes('routed'), publishes('routed')],
      `${replica} deleted`,
    ]);
    expect(await routed.look()).toEqual(before);
  });
}
