/** databaseSkuUpgrade where all goes well: every step as its plan said, and nothing beside it. */
import { large, small } from '../support/sku-upgrade';
import { downOf, up, upOf, type Upgrades } from './upgrades';

export function wholeWayTests(upgrades: Upgrades): void {
  test.concurrent(
    'up with a replica and storage: replicas first, storage last, approved by name; then down: the primary first',
    async () => {
      const database = await upgrades.create({ replicas: 1 });
      const [name, replica] = [database.name, database.replicas[0]!];
      const before = { primary: await database.look(), replica: await database.look(replica) };
      const run = await upgrades.start(database, { ...up, storageGb: 512 });
      const { planHash } = await run.until(({ phase }) => phase === 'awaiting-approval');
      const approve = (...named: string[]) =>
        upgrades.production.runbook.run([
          'approve',
          run.workflowId,
          '--plan',
          planHash!,
          '--as',
          'second@example.com',
          ...named.flatMap((step) => ['--irreversible', step]),
        ]);
      expect(await approve(`grow ${replica}`)).toMatchObject({
        code: 1,
        err: expect.stringContaining('"grow primary" was not named') as string,
      });
      expect(await run.mutations()).toEqual([]);
      expect(await approve(`grow ${replica}`, 'grow primary')).toMatchObject({ code: 0 });
      const report = await run.report();
      expect(report).toMatchObject({
        outcome: 'Succeeded',
        operators: [{ by: 'second@example.com', order: 'approve' }],
      });
      expect(report.clients!.requests).toBeGreaterThan(0);
      expect(await run.mutations()).toEqual([...upOf(replica), ...upOf(name), `${replica} 512 GiB`, `${name} 512 GiB`]);
      for (const [server, was] of [
        [name, before.primary],
        [replica, before.replica],
      ] as const) {
        const now = await database.look(server);
        expect(now).toMatchObject({ ...large, state: 'Ready', storageGb: 512 });
        expect(now.startedAt).toBeGreaterThan(was.startedAt);
      }

      const back = await upgrades.start(database, { sku: small.sku });
      expect(await back.report()).toMatchObject({ outcome: 'Succeeded' });
      expect(await back.mutations()).toEqual([...downOf(name), ...downOf(replica)]);
      for (const server of [name, replica])
        expect(await database.look(server)).toMatchObject({ ...small, state: 'Ready' });
      for (const server of [name, replica]) await upgrades.isFree(server);
    },
  );

  test.concurrent('a dry run plans, and touches nothing', async () => {
    const database = await upgrades.create();
    const run = await upgrades.start(database, { ...up, storageGb: 512, dryRun: true });
    expect(await run.report()).toMatchObject({ outcome: 'Planned' });
    expect((await run.plan()).steps.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['scale primary', 'D4ds_v4, max_connections 1718', 'D8ds_v4, max_connections 3437'],
      ['grow primary', '256 GiB', '512 GiB'],
    ]);
    expect(await run.mutations()).toEqual([]);
    expect(await upgrades.production.lock(database.name)).toBeUndefined();
  });

  test.concurrent('paused: the next step begins only when somebody resumes', async () => {
    const database = await upgrades.create();
    const run = await upgrades.start(database, { ...up, storageGb: 512 });
    const { planHash } = await run.until(({ phase }) => phase === 'awaiting-approval');
    await run.approve(planHash!, ['grow primary']);
    await run.untilAccepted(upOf(database.name)[1]!);
    await run.order('pause');
    const { waiting, steps } = await run.until(({ phase }) => phase === 'paused');
    expect(waiting).toMatchObject({ reason: expect.stringContaining('paused by operator@example.com') as string });
    expect(steps.map(({ state }) => state)).toEqual(['done', 'pending']);
    expect(await database.look()).toMatchObject({ ...large, storageGb: 256 });
    await run.order('resume');
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await run.mutations()).toEqual([...upOf(database.name), `${database.name} 512 GiB`]);
  });

  test.concurrent(
    'a plan gone stale between approval and lock: a new plan, a new question, and nothing touched till then',
    async () => {
      const database = await upgrades.create();
      const run = await upgrades.start(database, { ...up, approval: 'required' });
      const first = await run.until(({ phase }) => phase === 'awaiting-approval');
      await database.change('PATCH', database.name, { sku: { name: 'Standard_D2ds_v4', tier: 'GeneralPurpose' } });
      await database.ready();
      await run.approve(first.planHash!);
      const second = await run.until(
        ({ planHash, phase }) => phase === 'awaiting-approval' && planHash !== first.planHash,
      );
      expect(second.steps[0]).toMatchObject({ from: 'D2ds_v4, max_connections 1718' });
      expect(await run.mutations()).toEqual([]);
      await upgrades.isFree(database.name);
      await expect(run.approve(first.planHash!)).rejects.toMatchObject({
        cause: { message: expect.stringContaining("is not this run's plan") as string },
      });
      await run.approve(second.planHash!);
      expect(await run.report()).toMatchObject({ outcome: 'Succeeded', planHash: second.planHash });
      expect(await database.look()).toMatchObject({ ...large, maxConnections: 1718 });
    },
  );
}
