/** databaseSkuUpgrade where it goes back by itself. */
import { large, small } from '../support/sku-upgrade';
import { downOf, up, upOf, type Upgrades } from './upgrades';

export function takenBackTests(upgrades: Upgrades): void {
  test.concurrent.each(['old', 'new', 'mixed'])('the operation fails and leaves %s', async (properties) => {
    const database = await upgrades.create();
    const { name } = database;
    await upgrades.production.arm('upgrade-fails', { server: name, properties });
    const run = await upgrades.start(database, up);
    const report = await run.report();
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringContaining(`"size ${large.sku}" on ${name} ended failed`) as string,
    });
    expect(report.steps).toMatchObject([{ state: 'undone', evidence: expect.stringContaining('D4ds_v4') as string }]);
    expect(await database.look()).toMatchObject({ ...small, state: 'Ready' });
    expect((await run.mutations()).slice(0, 2)).toEqual(upOf(name));
    expect((await run.accepted()).filter((words) => words === upOf(name)[1])).toHaveLength(1);
    await upgrades.isFree(name);
  });

  test.concurrent('a second step fails: both are undone, the last one first', async () => {
    const database = await upgrades.create({ replicas: 1 });
    const [name, replica] = [database.name, database.replicas[0]!];
    await upgrades.production.arm('upgrade-fails', { server: name, properties: 'new' });
    const run = await upgrades.start(database, up);
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      steps: [{ state: 'undone' }, { state: 'undone' }],
    });
    expect(await run.mutations()).toEqual([...upOf(replica), ...upOf(name), ...downOf(name), ...downOf(replica)]);
    for (const server of [name, replica])
      expect(await database.look(server)).toMatchObject({ ...small, state: 'Ready' });
  });

  test.concurrent.each(['cancel', 'abort'] as const)('%s while Azure works', async (how) => {
    const database = await upgrades.create();
    const { name } = database;
    const run = await upgrades.start(database, up);
    await run.untilAccepted(upOf(name)[1]!);
    await (how === 'cancel' ? run.handle.cancel() : run.order('abort'));
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringContaining('stopped by') as string,
    });
    expect(await run.accepted()).toEqual([...upOf(name), ...downOf(name)]);
    expect(await database.look()).toMatchObject({ ...small, state: 'Ready' });
    await upgrades.isFree(name);
  });

  test.concurrent('a server that stays busy for somebody else: nothing is accepted', async () => {
    const database = await upgrades.create();
    await upgrades.production.arm('conflict', { server: database.name, count: 'all' });
    const run = await upgrades.start(database, up);
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringContaining("is busy with an operation that is not this run's") as string,
    });
    expect(await run.accepted()).toEqual([]);
  });

  test.concurrent(
    "somebody else's operation, before the run and between approval and lock: refused, nothing is touched",
    async () => {
      const database = await upgrades.create();
      const foreign = () => upgrades.production.arm('foreign-operation', { server: database.name, seconds: 20 });
      await foreign();
      const first = await upgrades.start(database, up);
      expect(await first.report()).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining('is Updating') as string,
      });
      await database.ready();
      const second = await upgrades.start(database, { ...up, approval: 'required' });
      const { planHash } = await second.until(({ phase }) => phase === 'awaiting-approval');
      await foreign();
      await second.approve(planHash!);
      expect(await second.report()).toMatchObject({
        outcome: 'Refused',
        summary: expect.stringContaining('is Updating') as string,
      });
      expect([...(await first.mutations()), ...(await second.mutations())]).toEqual([]);
      await upgrades.isFree(database.name);
    },
  );
}
