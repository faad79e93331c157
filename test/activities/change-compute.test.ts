/**
 * Goal: a change of size is accepted by Azure once, whatever happens on the way, and ends in what was asked or in a failure
 * that says what to do. Method: real PostgreSQL behind the lab's Azure, the faults of the lab, the requests in its log.
 */
import { until } from '../../lab/processes';
import { ActivityLab, large, parameterOf, primary, sizeOf, small } from './support/activity-lab';

let lab: ActivityLab;
const deadlineSeconds = 60;
const up = { server: primary, compute: large, deadlineSeconds };
const sizeOnly = { ...up, compute: { ...large, parameters: {} } };
const undo = { server: primary, compute: small, deadlineSeconds, undo: true };

beforeAll(async () => {
  lab = await ActivityLab.start();
});
afterAll(() => lab?.stop());

/** Every test begins on the small size, without faults. */
beforeEach(async () => {
  lab.daemon.clearFaults();
  await lab.idle(primary);
  await lab.call('changeCompute', { ...undo, undo: false });
  lab.forget();
});

const accepted = () => ({
  parameters: lab.accepted(parameterOf(primary)).length,
  sizes: lab.accepted(sizeOf(primary)).length,
});
const once = { parameters: 1, sizes: 1 };
const sizeAccepted = () => until('the size is accepted', () => accepted().sizes > 0, { deadlineMs: 50_000 });

test('parameter and size, each sent once; the second call does nothing', async () => {
  const before = await lab.call('readCompute', { server: primary, parameters: ['max_connections'] });
  expect(before).toMatchObject({ compute: small });
  await lab.call('changeCompute', up);
  expect(accepted()).toEqual(once);
  const evidence = await lab.call('verifyCompute', { server: primary, compute: large, since: before });
  expect(evidence).toMatch(
    /^ARM Ready \+ D8ds_v4; SQL 3437 connections, shared_buffers 128 MB \(was 64 MB\), restarted \d\d:\d\d:\d\dZ$/,
  );
  await lab.call('changeCompute', up);
  expect(accepted()).toEqual(once);
});

const polls = () => lab.requests().filter(({ path }) => /azureAsyncOperation/i.test(path)).length;

test('a worker killed while Azure works: the next one polls on, with no second PATCH', async () => {
  lab.daemon.armFault('operation-hangs', { after: 1 });
  const run = await lab.begin('changeCompute', up);
  await sizeAccepted();
  const before = polls();
  await until('a poll of it', () => polls() > before + 1, { deadlineMs: 50_000 });
  await lab.endWorker('SIGKILL');
  const killed = polls();
  await lab.startWorker();
  await until('the new worker polls', () => polls() > killed, { deadlineMs: 50_000 });
  lab.daemon.clearFaults();
  await run.result();
  expect(accepted()).toEqual(once);
  expect(lab.mutations()).toHaveLength(2);
});

test('a worker killed at the moment of acceptance: the next one waits for the operation', async () => {
  lab.daemon.armFault('operation-hangs', { after: 1 });
  const run = await lab.begin('changeCompute', up);
  await until('the size is accepted', () => accepted().sizes > 0, { deadlineMs: 50_000, everyMs: 1 });
  await lab.endWorker('SIGKILL');
  await lab.startWorker();
  const reads = lab.requests().length;
  await until('the new worker reads', () => lab.requests().length > reads + 1, { deadlineMs: 50_000 });
  lab.daemon.clearFaults();
  await run.result();
  expect(accepted()).toEqual(once);
});

test.each([
  ['the answer to an accepted change is lost', [['lost-response', { after: 1 }]]],
  [
    '… and reads show the old size for a while',
    [
      ['lost-response', { after: 1 }],
      ['stale-read', { seconds: 2 }],
    ],
  ],
  ['polls are answered 404', [['poll-not-found', { count: 3 }]]],
  ['polls are answered 500', [['poll-error', { count: 3 }]]],
  ['reads are answered with a page of HTML', [['unavailable', { on: 'read', count: 2 }]]],
  ['a change is answered 500', [['server-error', { on: 'mutation' }]]],
  ['a change is answered 409', [['conflict', { count: 2 }]]],
] as [string, [string, object][]][])('%s: still one change each', async (_what, faults) => {
  for (const [name, options] of faults) lab.daemon.armFault(name, options as Record<string, unknown>);
  await lab.call('changeCompute', up);
  expect(accepted()).toEqual(once);
  // Nothing is even tried twice but what was answered with an error, before Azure looked at it.
  expect(lab.mutations().filter(({ status = 0 }) => status < 400)).toHaveLength(2);
  await lab.call('verifyCompute', { server: primary, compute: large });
});

test.each(['read', 'mutation', 'poll'])('429 for a %s: no request before Retry-After', async (on) => {
  lab.daemon.armFault('throttle', { on, count: 1, seconds: 2 });
  await lab.call('changeCompute', up);
  expect(accepted()).toEqual(once);
  const requests = lab.requests().filter(({ server }) => server === primary || server === undefined);
  const refused = requests.findIndex(({ status }) => status === 429);
  const gap = Date.parse(requests[refused + 1]!.at) - Date.parse(requests[refused]!.at);
  expect(gap).toBeGreaterThanOrEqual(2000);
});

test("somebody else's operation: ServerBusy, nothing touched, and who it is", async () => {
  lab.daemon.armFault('foreign-operation', { server: primary, seconds: 6 });
  const failed = await lab.failure('changeCompute', up);
  expect(failed).toMatchObject({ type: 'ServerBusy', nonRetryable: true });
  expect(failed.message).toMatch(/flexibleServers\/write by someone\.else@lab\.example, since 20/);
  expect(lab.mutations()).toEqual([]);
});

test('an undo waits for whatever operation there is, and then makes its change', async () => {
  await lab.call('changeCompute', up);
  lab.forget();
  lab.daemon.armFault('foreign-operation', { server: primary, seconds: 3 });
  await lab.call('changeCompute', undo);
  expect(accepted()).toEqual(once);
});

test('an operation that never ends: OperationDeadlineExceeded, which asks, and one change', async () => {
  lab.daemon.armFault('operation-hangs', {});
  const failed = await lab.failure('changeCompute', { ...sizeOnly, deadlineSeconds: 4 });
  expect(failed).toMatchObject({ type: 'OperationDeadlineExceeded', nonRetryable: true });
  expect(failed.message).toContain(
    '"size Standard_D8ds_v4" on broxiva-db-primary was accepted by Azure and has not ended',
  );
  expect(accepted()).toEqual({ parameters: 0, sizes: 1 });
});

test('ordered again after the deadline: the run knows its own operation by the activity log, and waits for it', async () => {
  lab.daemon.armFault('operation-hangs', {});
  const run = await lab.begin('changeCompute', { ...sizeOnly, deadlineSeconds: 4 }, sizeOnly);
  const looks = () => lab.requests().some(({ path }) => /eventtypes\/management/i.test(path));
  await until('it looks whose operation there is', looks, { deadlineMs: 50_000 });
  lab.daemon.clearFaults();
  await run.result();
  expect(accepted()).toEqual({ parameters: 0, sizes: 1 });
});

test('cancelled while Azure works: ends at once; the undo waits for the operation, then undoes it', async () => {
  lab.daemon.armFault('operation-hangs', { after: 1 });
  const run = await lab.begin('changeCompute', up);
  await sizeAccepted();
  // Azure's work never ends here.
  expect(await run.cancel()).toBeLessThan(15_000);
  const before = lab.requests().length;
  const undoing = await lab.begin('changeCompute', undo);
  await until('the undo looks', () => lab.requests().length > before + 1, { deadlineMs: 50_000 });
  lab.daemon.clearFaults();
  await undoing.result();
  expect(accepted()).toEqual({ parameters: 2, sizes: 2 });
  await lab.call('verifyCompute', { server: primary, compute: small });
});

test('cancelled with the answer lost and the change unseen: the undo does not believe the old value', async () => {
  lab.daemon.armFault('lost-response', {});
  lab.daemon.armFault('stale-read', { seconds: 2.5 });
  const run = await lab.begin('changeCompute', sizeOnly);
  await sizeAccepted();
  await run.cancel();
  await lab.call('changeCompute', { ...undo, compute: { ...small, parameters: {} } });
  expect(lab.accepted(sizeOf(primary))).toHaveLength(2);
});

test.each(['old', 'new', 'mixed'])(
  'an operation that fails and leaves %s: AzureOperationFailed; the undo restores what runs',
  async (properties) => {
    lab.daemon.armFault('upgrade-fails', { properties });
    const failed = await lab.failure('changeCompute', up);
    expect(failed).toMatchObject({ type: 'AzureOperationFailed', nonRetryable: true });
    expect(failed.message).toMatch(
      /"size Standard_D8ds_v4" on broxiva-db-primary ended failed: \w*: .*; ARM now shows Ready with Standard_D\dds_v4/,
    );
    expect(lab.accepted(sizeOf(primary))).toHaveLength(1);
    await lab.call('changeCompute', undo);
    expect(await lab.call('verifyCompute', { server: primary, compute: small })).toContain('shared_buffers 64 MB');
  },
);

test('an operation that a newer one overtook: AzureOperationFailed, and what there is now', async () => {
  lab.daemon.armFault('operation-canceled', { after: 1 });
  const failed = await lab.failure('changeCompute', up);
  expect(failed).toMatchObject({ type: 'AzureOperationFailed', nonRetryable: true });
  expect(failed.message).toMatch(/ended canceled: OperationPreempted.*ARM now shows Ready with Standard_D4ds_v4/);
});

test('a server that stays busy for a while after an operation has ended: asked again, changed once', async () => {
  lab.daemon.armFault('still-busy', { seconds: 2 });
  await lab.call('changeCompute', up);
  expect(accepted()).toEqual(once);
});

test('a refused size: the code of the operation, and nothing is sent again', async () => {
  lab.daemon.armFault('sku-unavailable', { sku: large.sku });
  const failed = await lab.failure('changeCompute', up);
  expect(failed.type).toMatch(/AzureOperationFailed|AzureRefused/);
  expect(lab.mutations().filter(({ resource }) => sizeOf(primary).test(resource))).toHaveLength(1);
});

test('a server that does not exist: ServerNotFound, at the first attempt', async () => {
  const failed = await lab.failure('changeCompute', { ...up, server: 'broxiva-db-nowhere' });
  expect(failed).toMatchObject({ type: 'ServerNotFound', nonRetryable: true });
  expect(failed.message).not.toMatch(/\n/);
});
