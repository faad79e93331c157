/**
 * Goal: replies look like Azure's: headers, ids, errors, api-versions, tokens, locks.
 * Method: plain HTTPS requests to the endpoint, one small server behind it.
 */
import { tenant } from '../../lab/azure/names';
import { AzureLab, group, subscription } from './azure-lab';

let azure: AzureLab;

beforeAll(async () => {
  azure = await AzureLab.start(600);
  await azure.seed({ name: 'primary', tags: { team: 'shop' } });
});
afterAll(() => azure.stop());

test('a server, as GET shows it', async () => {
  const { status, body, headers } = await azure.ask('GET', azure.path('primary'));
  expect(status).toBe(200);
  expect(body).toMatchObject({
    sku: { name: 'Standard_D2ds_v4', tier: 'GeneralPurpose' },
    location: 'West US',
    tags: { team: 'shop' },
    id: azure.path('primary'),
    type: 'Microsoft.DBforPostgreSQL/flexibleServers',
    properties: {
      state: 'Ready',
      version: '17',
      storage: { type: '', iops: 240, tier: 'P6', storageSizeGB: 64, autoGrow: 'Disabled' },
      replica: { role: 'Primary', capacity: 5 },
      replicationRole: 'Primary',
      highAvailability: { mode: 'Disabled', state: 'NotEnabled' },
    },
  });
  expect(body.properties).not.toHaveProperty('provisioningState');
  expect(body.properties.backup.earliestRestoreDate).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{7}\+00:00$/);
  expect(headers).toMatchObject({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
  expect(headers['x-ms-ratelimit-remaining-subscription-global-reads']).toMatch(/^\d+$/);
  expect(headers['x-ms-routing-request-id']).toMatch(/^WESTUS:\d{8}T\d{6}Z:[0-9a-f-]{36}$/);
});

test('its subscription, as whoever signs in asks for it', async () => {
  const { body } = await azure.ask('GET', '/subscriptions');
  expect(body.value).toEqual([
    expect.objectContaining({ subscriptionId: subscription, tenantId: tenant, state: 'Enabled' }),
  ]);
});

test.each([
  ['the group', (path: string) => path.replace('resourceGroups', 'resourcegroups')],
  ['the provider', (path: string) => path.replace('Microsoft.DBforPostgreSQL', 'microsoft.dbforpostgresql')],
  ['everything', (path: string) => path.toUpperCase()],
  ['a slash', (path: string) => path.replace('/flexibleServers', '//flexibleServers/')],
])('%s in another spelling is the same, and ids stay canonical', async (_what, spelled) => {
  const { status, body } = await azure.ask('GET', spelled(azure.path('primary')));
  expect([status, body.id]).toEqual([200, azure.path('primary')]);
});

test('the correlation id is echoed, the request id is new each time', async () => {
  const id = '11111111-2222-3333-4444-555555555555';
  const one = await azure.ask('GET', azure.path('primary'), { headers: { 'x-ms-correlation-request-id': id } });
  const two = await azure.ask('GET', azure.path('primary'));
  expect(one.headers['x-ms-correlation-request-id']).toBe(id);
  expect(one.headers['x-ms-request-id']).not.toBe(two.headers['x-ms-request-id']);
});

describe('errors', () => {
  const other = '99999999-9999-9999-9999-999999999999';
  test.each<[string, string, string, object, number, string]>([
    ['an unknown server', 'GET', 'nosuch', {}, 404, 'ResourceNotFound'],
    ['a child of an unknown server', 'GET', 'nosuch/configurations/max_connections', {}, 404, 'ResourceNotFound'],
    ['an unknown child', 'GET', 'primary/firewallRules/nosuch', {}, 404, 'ResourceNotFound'],
    ['an unknown kind of child', 'GET', 'primary/nosuch', {}, 404, 'InvalidResourceType'],
    ['no api-version', 'GET', 'primary', { query: '' }, 400, 'MissingApiVersionParameter'],
    [
      'an api-version that never was',
      'GET',
      'primary',
      { query: 'api-version=latest' },
      400,
      'NoRegisteredProviderFound',
    ],
    [
      'an api-version of another age',
      'GET',
      'primary',
      { query: 'api-version=1999-01-01' },
      400,
      'NoRegisteredProviderFound',
    ],
    ['a wrong token', 'GET', 'primary', { headers: { authorization: 'Bearer x' } }, 401, 'InvalidAuthenticationToken'],
    ['no token', 'GET', 'primary', { headers: { authorization: '' } }, 401, 'AuthenticationFailed'],
    ['broken JSON', 'PATCH', 'primary', { raw: '{"properties": {' }, 400, 'InvalidRequestContent'],
    [
      'a field of the wrong type',
      'PATCH',
      'primary',
      { body: { properties: { storage: { storageSizeGB: 'many' } } } },
      400,
      'InvalidRequestContent',
    ],
    ['no body', 'PATCH', 'primary', {}, 400, 'InvalidRequestContent'],
    [
      'a body that is no JSON',
      'PATCH',
      'primary',
      { raw: 'a=1', headers: { 'content-type': 'text/plain' } },
      415,
      'UnsupportedMediaType',
    ],
    ['no location', 'PUT', 'newserver', { body: { properties: {} } }, 400, 'LocationRequired'],
    ['POST to a server', 'POST', 'primary', { body: {} }, 405, 'HttpMethodNotAllowed'],
  ])('%s', async (_what, method, path, options, status, code) => {
    const answer = await azure.ask(method, azure.path(path), options);
    expect([answer.status, answer.body?.error?.code]).toEqual([status, code]);
    expect(typeof answer.body.error.message).toBe('string');
  });

  test('an unknown subscription and an unknown group', async () => {
    const path = azure.path('primary');
    expect((await azure.ask('GET', path.replace(subscription, other))).body.error.code).toBe('SubscriptionNotFound');
    expect((await azure.ask('GET', path.replace(group, 'nosuch'))).body.error.code).toBe('ResourceGroupNotFound');
  });

  test('deleting what is not there is a success', async () => {
    expect(await azure.ask('DELETE', azure.path('nosuch'))).toMatchObject({ status: 204, text: '' });
  });

  test.each(['/%', '/%E0%A4%A', '//', '/subscriptions/%2e%2e/x', `/${'a'.repeat(5000)}`, '/a?b=%'])(
    'hostile path %# is an error of the client',
    async (path) => {
      const { status, body } = await azure.ask('GET', path);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(typeof body.error.message).toBe('string');
    },
  );

  test('a body of five megabytes is refused', async () => {
    const { status } = await azure.ask('PATCH', azure.path('primary'), {
      body: { tags: { a: 'x'.repeat(5 * 1024 * 1024) } },
    });
    expect(status).toBe(413);
  });
});

test('an accepted change: 202, both URLs, the operation instead of the resource', async () => {
  const { status, headers, body } = await azure.ask('PATCH', azure.path('primary'), {
    body: { tags: { team: 'web' } },
  });
  expect(status).toBe(202);
  expect(body).toEqual({
    operation: 'UpsertServerManagementOperationV2',
    startTime: expect.stringMatching(/Z$/) as unknown,
  });
  expect(headers['retry-after']).toBe('1');
  const [poll, location] = [headers['azure-asyncoperation']!, headers['location']!];
  expect(poll).toMatch(
    /\/locations\/westus\/azureAsyncOperation\/[0-9a-f-]{36}\?api-version=2025-08-01&t=\d+&c=[\w-]+&s=[\w-]+&h=[\w-]+$/,
  );
  expect((await azure.ask('GET', poll.replace('&s=', '&s=x'))).status).toBe(403);
  expect((await azure.ended(poll)).status).toBe('Succeeded');
  expect((await azure.ask('GET', location)).body).toEqual({ properties: {}, name: 'primary', type: 'PostgreSQL' });
  expect((await azure.ask('GET', azure.path('primary'))).body.tags).toEqual({ team: 'web' });
});

test('resource groups', async () => {
  const path = `/subscriptions/${subscription}/resourcegroups/${group}`;
  expect(await azure.ask('HEAD', path)).toMatchObject({ status: 204, text: '' });
  expect((await azure.ask('HEAD', `${path}-nosuch`)).status).toBe(404);
  expect((await azure.ask('GET', path)).body).toMatchObject({
    id: path.replace('groups', 'Groups'),
    properties: { provisioningState: 'Succeeded' },
  });
});

describe('locks', () => {
  const groupLocks = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Authorization/locks`;
  const put = (path: string, level: string) => azure.ask('PUT', path, { body: { properties: { level, notes: 'n' } } });

  test.each([
    ['CanNotDelete', 'DELETE', 409],
    ['CanNotDelete', 'PATCH', 202],
    ['ReadOnly', 'DELETE', 409],
    ['ReadOnly', 'PATCH', 409],
  ])('%s on the group: %s is answered %i', async (level, method, status) => {
    expect((await put(`${groupLocks}/one`, level)).status).toBe(201);
    const path = azure.path('primary');
    const answer = await azure.ask(method, path, method === 'PATCH' ? { body: { tags: {} } } : {});
    expect(answer.status).toBe(status);
    if (status === 409) {
      expect(answer.body.error.code).toBe('ScopeLocked');
      expect(answer.body.error.message).toContain(`'${groupLocks.replace(/\/providers.*/, '')}'`);
    } else {
      await azure.ended(answer.headers['azure-asyncoperation']!);
    }
    const listed = await azure.ask('GET', `${path}/providers/Microsoft.Authorization/locks`);
    expect(listed.body.value).toEqual([expect.objectContaining({ name: 'one', properties: { level, notes: 'n' } })]);
    expect((await azure.ask('DELETE', `${groupLocks}/one`)).status).toBe(200);
    expect((await azure.ask('DELETE', `${groupLocks}/one`)).status).toBe(204);
  });

  test('ReadOnly on the server refuses a parameter and a restart, and still lets read', async () => {
    const lock = azure.path('primary', '/providers/Microsoft.Authorization/locks/two');
    await put(lock, 'readonly');
    const parameter = { body: { properties: { value: '8192', source: 'user-override' } } };
    expect((await azure.ask('PATCH', azure.path('primary', '/configurations/work_mem'), parameter)).status).toBe(409);
    expect((await azure.ask('POST', azure.path('primary', '/restart'))).status).toBe(409);
    expect((await azure.ask('GET', azure.path('primary'))).status).toBe(200);
    await azure.ask('DELETE', lock);
  });
});

test('the activity log tells who changed what, and how it ended', async () => {
  const since = new Date().toISOString();
  const correlationId = '22222222-2222-3333-4444-555555555555';
  const headers = { 'x-ms-correlation-request-id': correlationId };
  const { headers: accepted } = await azure.ask('PATCH', azure.path('primary'), {
    body: { tags: { a: 'b' } },
    headers,
  });
  await azure.ended(accepted['azure-asyncoperation']!);
  const filter = `eventTimestamp ge '${since}' and resourceUri eq '${azure.path('primary').toUpperCase()}'`;
  const events = await azure.ask(
    'GET',
    `/subscriptions/${subscription}/providers/Microsoft.Insights/eventtypes/management/values`,
    {
      query: `api-version=2015-04-01&$filter=${encodeURIComponent(filter)}`,
    },
  );
  const told = events.body.value.map((event) => [
    (event.status as unknown as { value: string }).value,
    event.operationName.value,
    event.correlationId,
    event.caller,
  ]);
  const line = ['Microsoft.DBforPostgreSQL/flexibleServers/write', correlationId, 'operator@lab.example'];
  expect(told).toEqual([
    ['Succeeded', ...line],
    ['Started', ...line],
  ]);
});

test('the request log has each request, without secrets', async () => {
  await azure.change('PATCH', azure.path('primary'), { properties: { administratorLoginPassword: 'Another-1234' } });
  const logged = azure.mutations('primary').at(-1)!;
  expect(logged).toMatchObject({
    ...{ method: 'PATCH', resource: azure.path('primary').toLowerCase(), status: 202, apiVersion: '2025-08-01' },
    ...{ operationStatus: 'Succeeded', body: { properties: { administratorLoginPassword: '<secret>' } } },
  });
});
