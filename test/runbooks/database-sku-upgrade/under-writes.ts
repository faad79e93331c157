/** databaseSkuUpgrade under clients' writes, disturbed: no acknowledged row is lost. */
import { askDaemon } from '../../../lab/control-client';
import { until } from '../../../lab/processes';
import type { TrafficReport } from '../../../lab/traffic/traffic';
import { Database } from '../support/database';
import { large, small } from '../support/sku-upgrade';
import { downOf, up, upOf, type Upgrades } from './upgrades';

export function underWritesTests(upgrades: Upgrades): void {
  const traffic = (method: 'GET' | 'POST' | 'DELETE', body?: object) =>
    askDaemon<TrafficReport>(upgrades.production.lab, method, '/traffic', body);
  let database: Database;
  beforeAll(async () => {
    database = Database.first(upgrades.production);
    await traffic('POST', { clients: 4, rate: 100 });
  });
  afterEach(async () => expect(await traffic('GET')).toMatchObject({ lost: 0, duplicated: 0 }));

  test('a failed upgrade, rolled back', async () => {
    await upgrades.production.arm('upgrade-fails', { server: database.name, properties: 'mixed' });
    const run = await upgrades.start(database, up);
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack' });
    expect(await database.look()).toMatchObject({ ...small, state: 'Ready' });
  });

  test('a worker killed while Azure works: another goes on, and Azure accepted one change of size', async () => {
    const { name } = database;
    await upgrades.production.arm('operation-hangs', { server: name, after: 1 });
    const run = await upgrades.start(database, up);
    await run.untilAccepted(upOf(name)[1]!);
    await run.untilRemembered('operation');
    await upgrades.production.worker.kill();
    const asked = (await upgrades.production.requests()).length;
    await upgrades.production.worker.start();
    const resumed = async () =>
      (await upgrades.production.requests()).slice(asked).some(({ path }) => /azureAsyncOperation/i.test(path));
    await until('the new worker asks for the operation', resumed, { deadlineMs: 50_000, everyMs: 50 });
    await upgrades.production.clearFaults();
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    expect(report.clients!.unmeasuredSeconds).toBeGreaterThan(0);
    expect(await run.mutations()).toEqual(upOf(name));
    expect(await database.look()).toMatchObject({ ...large, state: 'Ready' });
  });

  test('an operation that never ends: asked at the deadline; a retry takes up the same operation', async () => {
    const { name } = database;
    await upgrades.production.arm('operation-hangs', { server: name, after: 1 });
    const run = await upgrades.start(database, {
      sku: small.sku,
      timing: { soakSeconds: 0, operationTimeoutSeconds: 20 },
    });
    const { trouble } = await run.until(({ phase }) => phase === 'needs-operator');
    expect(trouble).toMatchObject({ orders: ['retry', 'rollback', 'accept'] });
    expect(trouble!.tried[0]).toMatch(/was accepted by Azure and has not ended within the deadline/);
    const looks = async () =>
      (await upgrades.production.requests()).filter(({ path }) => /eventtypes\/management/i.test(path)).length;
    const looked = await looks();
    await run.order('retry');
    // It is seen as the run's own while it is still on its way.
    await until('the retry looks whose operation it is', async () => (await looks()) > looked, {
      ...{ deadlineMs: 50_000, everyMs: 50 },
    });
    await upgrades.production.clearFaults();
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await run.mutations()).toEqual(downOf(name));
    expect(await database.look()).toMatchObject({ ...small, state: 'Ready' });
    const written = await traffic('DELETE');
    expect(written.acknowledged).toBeGreaterThan(100);
    expect(written.rowsInTable).toBeGreaterThanOrEqual(written.acknowledged);
  });
}
