/**
 * Goal: a server is asked whether it needs a restart exactly where its size change did not give it one. Method: no server can
 * be asked here, so that asking one fails.
 */
import { restartChange, sizeChange } from '../../../../activities/database/changes';
import type { DatabaseDependencies } from '../../../../activities/database/dependencies';

const compute = { sku: 'Standard_D4ds_v4', tier: 'GeneralPurpose', parameters: { max_connections: '1718' } };
const use = { connections: { primary: 'other' } } as DatabaseDependencies;
const identity = { correlationId: '', clientRequestId: '' };
const shows = (sku: string) =>
  ({ name: 'main', host: 'main', sku, tier: compute.tier }) as Parameters<ReturnType<typeof sizeChange>['isThere']>[0];

function changesOf(undo: boolean) {
  const size = sizeChange('main', compute, use, identity, undo);
  return { size, restart: restartChange('main', compute, use, identity, size) };
}

test('after a change of size it is not asked: that has restarted it', async () => {
  const { size, restart } = changesOf(false);
  expect(await size.isThere(shows('Standard_D8ds_v4'), [])).toBe(false);
  expect(await restart.isThere(shows(compute.sku), [size.name])).toBe(true);
});

test('where ARM showed the size before it was asked for again, it is asked', async () => {
  const { size, restart } = changesOf(false);
  expect(await size.isThere(shows(compute.sku), [])).toBe(true);
  await expect(restart.isThere(shows(compute.sku), [size.name])).rejects.toThrow(/no application URL/);
});
