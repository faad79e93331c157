/** databaseSkuUpgrade where it refuses: nothing is touched, and every reason is said at once. */
import type { Database } from '../support/database';
import { small, SkuUpgrade } from '../support/sku-upgrade';
import { up, type Upgrades } from './upgrades';

export function refusalTests(upgrades: Upgrades): void {
  let database: Database;
  beforeAll(async () => (database = await upgrades.create()));

  test.concurrent.each([
    [
      'an unknown size',
      { sku: 'Standard_D9ds_v4' },
      'Standard_D9ds_v4 is not offered in eastus; GeneralPurpose sizes here: ',
    ],
    ['a smaller storage', { storageGb: 128 }, "128 is less than today's 256"],
    ['a storage that Azure does not have', { storageGb: 300 }, '300 is no size of Premium SSD'],
    [
      'a tier that the size is not of',
      { ...up, tier: 'MemoryOptimized' },
      'belongs to GeneralPurpose, not to MemoryOptimized',
    ],
    ['several things', { sku: 'Standard_D9ds_v4', storageGb: 128 }, /D9ds_v4 is not offered[^]*128 is less than/],
    ['a wildcard', { ...up, server: 'db-*' }, 'server  "db-\\*"'],
    ['an empty name', { ...up, server: '' }, 'server  ""'],
    ['an unknown field', { ...up, speed: 9 }, 'speed'],
    ['a long string', { ...up, reason: 'x'.repeat(1024 * 1024) }, 'reason'],
    ['an unknown server', { ...up, server: 'db-nowhere' }, 'db-nowhere'],
  ])('%s', async (_what, input, words) => {
    const run = await upgrades.start(database, input);
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
    expect(summary.length).toBeLessThan(2000);
    expect(await run.mutations()).toEqual([]);
  });

  test.concurrent('no input at all', async () => {
    const { outcome, summary } = await (await SkuUpgrade.raw(upgrades.production)).report();
    expect({ outcome, summary }).toEqual({
      outcome: 'Refused',
      summary: expect.stringContaining('nothing was given') as string,
    });
  });

  test.concurrent('by the command line: exit 2 before anything is sent for 3 MiB, 10 from a run', async () => {
    const huge = await upgrades.production.runbook.run(['start', 'databaseSkuUpgrade', '--input', '-'], {
      input: JSON.stringify({ ...up, server: 'x'.repeat(3 * 1024 * 1024) }),
    });
    expect(huge).toMatchObject({ code: 2, err: expect.stringMatching(/server[^]*3,145,728 characters/) as string });
    const shrinks = await upgrades.production.runbook.run([
      'start',
      'databaseSkuUpgrade',
      '--wait',
      '--set',
      `server=${database.name}`,
      '--set',
      'storageGb=128',
    ]);
    expect(shrinks).toMatchObject({ code: 10 });
    expect(shrinks.out + shrinks.err).toMatch(/128 is less than today's 256/);
    for (const text of [huge.err, shrinks.err]) expect(text).not.toMatch(/^ {4}at /m);
  });

  test.concurrent('a resource lock, an old backup, and losses that are not named; named, they pass', async () => {
    const troubled = await upgrades.create();
    const { name } = troubled;
    await troubled.change('PATCH', `${name}/configurations/wal_level`, {
      properties: { value: 'logical', source: 'user-override' },
    });
    await troubled.ready();
    await troubled.change('POST', `${name}/restart`);
    await troubled.ready();
    await troubled.sql('CREATE UNLOGGED TABLE cache (id int)');
    await troubled.adminSql(`SELECT pg_create_logical_replication_slot('warehouse', 'pgoutput')`);
    const protection = `${name}/providers/Microsoft.Authorization/locks/freeze`;
    await troubled.change('PUT', protection, { properties: { level: 'ReadOnly' } });
    const refused = await upgrades.start(troubled, up);
    const { outcome, summary } = await refused.report();
    expect(outcome).toBe('Refused');
    for (const words of ['resource lock "freeze" (ReadOnly)', 'public.cache', 'warehouse'])
      expect(summary).toContain(words);
    expect(await refused.mutations()).toEqual([]);

    await troubled.change('DELETE', protection);
    const acceptLoss = { unloggedTables: ['public.cache'], logicalSlots: ['warehouse'] };
    const named = await upgrades.start(troubled, { ...up, acceptLoss });
    expect(await named.report()).toMatchObject({ outcome: 'Succeeded' });

    await upgrades.production.arm('backup-too-old', { server: name, hours: 48 });
    const old = await upgrades.start(troubled, { sku: small.sku, acceptLoss });
    expect(await old.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringMatching(/newest automated backup of .* is 48 h old, at most 26 h/) as string,
    });
    expect(await old.mutations()).toEqual([]);
  });
}
