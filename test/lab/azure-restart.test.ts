/**
 * Goal: a daemon that is started again knows what it knew, and goes on with what was under way.
 * Method: the endpoint is closed in the middle of an operation and made anew from its folder.
 */
import { AzureLab } from './azure-lab';

let azure: AzureLab;

beforeAll(async () => {
  azure = await AzureLab.start(200);
  await azure.seed({ name: 'primary' });
});
afterAll(() => azure.stop());

async function restartDaemon(): Promise<void> {
  await azure.resourceManager.close();
  await azure.startDaemon();
}

/** The same operation under the new daemon's address. */
const moved = (url: string) => url.replace(/^https:\/\/[^/]+/, azure.url);

test('a change of size goes on, and the request that began it learns how it ended', async () => {
  const before = await azure.startedAt('primary');
  const body = { sku: { name: 'Standard_D4ds_v4', tier: 'GeneralPurpose' } };
  azure.resourceManager.faults.arm('operation-hangs', { server: 'primary' });
  const { headers } = await azure.ask('PATCH', azure.path('primary'), { body });
  await restartDaemon();
  expect((await azure.ask('GET', azure.path('primary'))).body.properties.state).toBe('Updating');
  expect(await azure.startedAt('primary')).toBe(before);
  azure.resourceManager.faults.clear('operation-hangs');
  expect((await azure.ended(moved(headers['azure-asyncoperation']!))).status).toBe('Succeeded');
  expect((await azure.ask('GET', azure.path('primary'))).body.sku.name).toBe('Standard_D4ds_v4');
  expect(await azure.setting('primary', 'shared_buffers')).toBe('64MB');
  expect(azure.mutations('primary')).toEqual([expect.objectContaining({ status: 202, operationStatus: 'Succeeded' })]);
});

test('a creation, whose password is not written down, ends as Failed and leaves nothing', async () => {
  const body = {
    location: 'westus',
    sku: { name: 'Standard_B1ms', tier: 'Burstable' },
    properties: { administratorLogin: 'somebody', administratorLoginPassword: 'Secret-1234' },
  };
  const { headers } = await azure.ask('PUT', azure.path('created'), { body });
  await restartDaemon();
  expect(await azure.ended(moved(headers['azure-asyncoperation']!))).toMatchObject({ status: 'Failed' });
  expect((await azure.ask('GET', azure.path('created'))).status).toBe(404);
});

test('locks, tags, parameters and armed faults are there again', async () => {
  await azure.change('PATCH', azure.path('primary'), { tags: { team: 'shop' } });
  await azure.change('PATCH', azure.path('primary', '/configurations/work_mem'), {
    properties: { value: '8192', source: 'user-override' },
  });
  const lock = azure.path('primary', '/providers/Microsoft.Authorization/locks/one');
  await azure.ask('PUT', lock, { body: { properties: { level: 'CanNotDelete' } } });
  azure.resourceManager.faults.arm('backup-missing', { server: 'primary' });
  await restartDaemon();
  expect((await azure.ask('GET', azure.path('primary'))).body.tags).toEqual({ team: 'shop' });
  expect((await azure.ask('GET', azure.path('primary', '/configurations/work_mem'))).body.properties).toMatchObject({
    value: '8192',
    source: 'user-override',
  });
  expect((await azure.ask('GET', lock)).status).toBe(200);
  expect((await azure.ask('GET', azure.path('primary', '/backups'))).body.value).toEqual([]);
});

test('a server that crashed meanwhile is started', async () => {
  await azure.resourceManager.postgres('primary').kill();
  await restartDaemon();
  expect(await azure.setting('primary', 'work_mem')).toBe('8MB');
});
