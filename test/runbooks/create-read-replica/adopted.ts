/** createReadReplica on a replica that another has made, or left half-made: it is used, watched first, and never deleted. */
import { until } from '../../../lab/processes';
import type { Cluster } from '../support/cluster';
import { Database } from '../support/database';
import { publishes, Reader, unwires, wires } from '../support/reader';
import { acceptedBy, changesOf } from '../support/replica-run';
import { Run } from '../support/run';

export const adoptingReaders = ['heir', 'ill'];

export function adoptionTests(cluster: () => Cluster): void {
  test.concurrent(
    'what a terminated run has left half-made is adopted by the next, and not deleted by it',
    async () => {
      const { production, faults } = cluster();
      const database = await Database.create(production);
      const [heir, ill] = [
        await Reader.make(cluster(), 'heir', database),
        await Reader.make(cluster(), 'ill', database),
      ];
      const replica = `${database.name}-1`;
      const create = (input: object) =>
        Run.start(production, 'createReadReplica', { source: database.name, replica, lagWindowSeconds: 2, ...input });

      const first = await create({ readers: [] });
      await first.untilStep('create', 'applying');
      await until(`Azure makes ${replica}`, () => database.knows(replica), { deadlineMs: 50_000, everyMs: 20 });
      await first.handle.terminate('for the test');
      const while_ = await create({ readers: ['heir'] });
      expect((await while_.report()).outcome).toBe('Refused');
      await database.ready(replica);
      for (const target of [`postgres:${database.name}`, `postgres:${replica}`]) {
        const command = ['unlock', target, '--holder', first.workflowId, '--reason', 'looked at'];
        expect(await production.runbook.run(command)).toMatchObject({ code: 0 });
      }

      faults.pushImage(ill.image, 'crash');
      const before = await ill.look();
      const failing = await create({ readers: ['ill'] });
      expect(await failing.report()).toMatchObject({
        ...{ outcome: 'RolledBack', summary: expect.stringMatching(/ill-\S+: CrashLoopBackOff/) as string },
      });
      expect(await changesOf(failing, cluster())).toEqual([
        ...[publishes('ill'), wires('ill'), unwires('ill'), publishes('ill')],
      ]);
      expect((await ill.look()).keys).toEqual(before.keys);
      expect(await database.knows(replica)).toBe(true);

      const run = await create({ readers: ['heir'] });
      const report = await heir.asked(() => run.report());
      expect(report).toMatchObject({ outcome: 'Succeeded' });
      expect(report.steps.map(({ detail }) => detail)).toEqual([
        ...[`first 2 s of ${replica} under watch`, 'a rolling update: every pod is replaced'],
      ]);
      expect(await acceptedBy(run, production)).toEqual([]);
      expect(cluster().mutations(run.workflowId)).toEqual([publishes('heir'), wires('heir')]);
      expect((await heir.address())!.hostname).toBe(await database.host(replica));
    },
  );
}
