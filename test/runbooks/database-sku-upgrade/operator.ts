/** databaseSkuUpgrade where an operator is needed: the run stays open, its lock held. */
import { until } from '../../../lab/processes';
import { large, small } from '../support/sku-upgrade';
import { downOf, up, upOf, type Upgrades } from './upgrades';

export function operatorTests(upgrades: Upgrades): void {
  const unlock = (name: string, holder: string) =>
    upgrades.production.runbook.run(['unlock', `postgres:${name}`, '--holder', holder, '--reason', 'looked at it']);

  test.concurrent.each(['retry', 'accept'] as const)('an undo that fails, then %s', async (answer) => {
    const database = await upgrades.create();
    const { name } = database;
    await upgrades.production.arm('upgrade-fails', { server: name, properties: 'new' });
    await upgrades.production.arm('undo-refused', { server: name });
    const run = await upgrades.start(database, up);
    // What the server shows is read beside the question, and told a moment after it.
    const { trouble, held } = await run.until((status) => status.trouble?.now.includes('shows D8ds_v4') === true);
    expect(trouble).toMatchObject({ step: 'scale primary', orders: ['retry', 'accept'] });
    expect(trouble!.tried).toHaveLength(2);
    expect(held).toEqual([`postgres:${name}`]);
    expect((await upgrades.production.lock(name))?.holder).toMatchObject({ workflowId: run.workflowId });
    if (answer === 'accept') expect((await unlock(name, run.workflowId)).err).toContain('is still open');
    await run.order(answer);
    const report = await run.report();
    expect(report).toMatchObject(
      answer === 'retry'
        ? { outcome: 'RolledBack' }
        : { outcome: 'Accepted', summary: expect.stringContaining('accept, because') as string },
    );
    expect((await database.look()).sku).toBe(answer === 'retry' ? small.sku : large.sku);
    await upgrades.isFree(name);
  });

  test.concurrent(
    'clients noticed more than the budget: verified first, then asked; retry goes on, accept vouches',
    async () => {
      const database = await upgrades.create();
      const { name } = database;
      const strict = { clientBudget: { failedRequests: 0 }, timing: { soakSeconds: 2 } };
      const exceeded = async (sku: string) => {
        const run = await upgrades.start(database, { sku, ...strict });
        const { trouble, steps } = await run.until(({ phase }) => phase === 'needs-operator');
        expect(steps).toMatchObject([{ state: 'done' }]);
        expect(trouble!.tried[0]).toMatch(/clients noticed more than the budget allows: [1-9]\d* failed requests/);
        return run;
      };
      const first = await exceeded(large.sku);
      expect(await database.look()).toMatchObject(large);
      await first.order('retry');
      expect(await first.report()).toMatchObject({ outcome: 'Succeeded' });
      expect(await first.mutations()).toEqual(upOf(name));
      const second = await exceeded(small.sku);
      await second.order('accept');
      expect(await second.report()).toMatchObject({ outcome: 'Accepted' });
      expect(await second.mutations()).toEqual(downOf(name));
    },
  );

  test.concurrent('terminated at a step: the lock is kept and flagged until an operator unlocks it', async () => {
    const database = await upgrades.create();
    const { name } = database;
    const run = await upgrades.start(database, up);
    await run.untilAccepted(upOf(name)[1]!);
    await run.handle.terminate('by mistake');
    const flagged = async () =>
      (await upgrades.production.lock(name))?.holder?.flagged?.includes('TERMINATED') === true;
    await until('the lock is flagged', flagged, { deadlineMs: 50_000, everyMs: 50 });
    await database.ready();
    const refused = await upgrades.start(database, up);
    expect(await refused.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringContaining(`runbook unlock postgres:${name}`) as string,
    });
    expect(await unlock(name, 'someone-else')).toMatchObject({
      code: expect.any(Number) as number,
      err: expect.stringContaining('name the holder') as string,
    });
    expect(await unlock(name, run.workflowId)).toMatchObject({ code: 0 });
    const again = await upgrades.start(database, up);
    expect(await again.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await database.look()).toMatchObject({ ...large, state: 'Ready' });
  });
}
