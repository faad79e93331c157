/**
 * Goal: the probe counts what clients notice, survives its worker, tells the run of an exceeded budget once, and hands over
 * its measurement when it is cancelled. Method: a real server that is killed and started.
 */
import { until } from '../../lab/processes';
import { ActivityLab, primary, type ActivityRun } from './support/activity-lab';
import type { ClientBudget, ClientMeasurement } from '../../catalogue';

let lab: ActivityLab;

beforeAll(async () => {
  lab = await ActivityLab.start();
});
afterAll(() => lab?.stop());

const generous = { failedRequests: 1000, longestStallSeconds: 1000 };

const measure = (budget: ClientBudget) =>
  lab.begin('measureClients', { path: { kind: 'postgres', server: primary }, budget });
const beats = async (run: ActivityRun) => (await run.heartbeat()) as ClientMeasurement | undefined;

async function beating(run: ActivityRun, wanted: (beat: ClientMeasurement) => boolean): Promise<void> {
  const beat = async () => {
    const last = await beats(run);
    return last !== undefined && wanted(last);
  };
  await until('the heartbeat says so', beat, { deadlineMs: 50_000, everyMs: 100 });
}

async function ended(run: ActivityRun): Promise<ClientMeasurement> {
  await run.handle.cancel();
  return run.result<ClientMeasurement>();
}

test('a steady server: no request fails, no stall', async () => {
  const run = await measure(generous);
  await beating(run, ({ requests }) => requests >= 20);
  const measured = await ended(run);
  expect(measured).toMatchObject({ failedRequests: 0, unmeasuredSeconds: 0 });
  // Twenty answers, ten a second: each stands for some tenths of a second, on a busy machine for more.
  expect(measured.longestStallSeconds).toBeLessThan(5);
});

test('a server that is away: failures counted, the stall is the time without an answer', async () => {
  const run = await measure(generous);
  await beating(run, ({ requests }) => requests >= 10);
  const good = ({ requests, failedRequests }: ClientMeasurement) => requests - failedRequests;
  const away = Date.now();
  await lab.daemon.killPostgres(primary);
  await beating(run, ({ failedRequests }) => failedRequests >= 15);
  const before = good((await beats(run))!);
  await lab.daemon.startPostgres(primary);
  await beating(run, (beat) => good(beat) > before);
  const awaySeconds = (Date.now() - away) / 1000;
  await beating(run, (beat) => good(beat) > before + 20);
  const measured = await ended(run);
  expect(measured.failedRequests).toBeGreaterThanOrEqual(15);
  expect(measured.lastFailure).toMatch(/^PostgreSQL at \S+: ./);
  expect(measured.longestStallSeconds).toBeGreaterThanOrEqual(1.4);
  // From the last answer before on.
  expect(measured.longestStallSeconds).toBeLessThan(awaySeconds + 1);
});

test('an exceeded budget is told to the run once', async () => {
  const run = await measure({ failedRequests: 5, longestStallSeconds: 1000 });
  await beating(run, ({ requests }) => requests >= 5);
  await lab.daemon.killPostgres(primary);
  await beating(run, ({ failedRequests }) => failedRequests >= 25);
  await lab.daemon.startPostgres(primary);
  await ended(run);
  const signals = await run.signals('clientBudgetExceeded');
  expect(signals).toHaveLength(1);
  expect((signals[0] as ClientMeasurement).failedRequests).toBeGreaterThan(5);
});

test('a killed worker: the next one goes on counting, and the gap is unmeasured', async () => {
  const run = await measure(generous);
  await beating(run, ({ requests }) => requests >= 20);
  await lab.endWorker('SIGKILL');
  await lab.startWorker();
  await beating(run, ({ requests, unmeasuredSeconds }) => requests >= 30 && unmeasuredSeconds > 0);
  const measured = await ended(run);
  expect(measured.unmeasuredSeconds).toBeGreaterThan(1);
  expect(measured).toMatchObject({ failedRequests: 0 });
  expect(measured.longestStallSeconds).toBeLessThan(measured.unmeasuredSeconds);
});

test('a worker that is killed before it has told anything: the time until the next one is unmeasured', async () => {
  lab.forget();
  // So that it has not begun to ask.
  lab.daemon.armFault('throttle', { on: 'read', count: 1, seconds: 60 });
  const run = await measure(generous);
  const waits = () => lab.requests().some(({ status }) => status === 429);
  await until('a worker has it', waits, { deadlineMs: 50_000 });
  await lab.endWorker('SIGKILL');
  expect(await beats(run)).toBeUndefined();
  await lab.startWorker();
  await beating(run, ({ requests }) => requests >= 3);
  expect((await ended(run)).unmeasuredSeconds).toBeGreaterThan(1);
});

test('a worker that is shut down hands the probe over: it goes on with the next one', async () => {
  const run = await measure(generous);
  await beating(run, ({ requests }) => requests >= 10);
  await lab.endWorker('SIGTERM');
  await lab.startWorker();
  await beating(run, ({ unmeasuredSeconds }) => unmeasuredSeconds > 0);
  expect((await ended(run)).failedRequests).toBe(0);
});
