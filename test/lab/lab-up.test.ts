/**
 * Goal: `lab up` gives a whole production that is reached as a real one is; what is killed is found or started again;
 * `lab down` ends all that this lab started, and nothing else.
 * Method: the command line, as a person uses it, with two labs at once.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { Client } from 'pg';
import { labFolder } from '../../lab/cache';
import type { FullStatus } from '../../lab/cli/status';
import { Lab } from '../../lab/lab';
import { until } from '../../lab/processes';
import type { TrafficReport } from '../../lab/traffic/traffic';
import { scratchName } from './scratch-lab';

const one = scratchName();
const other = scratchName();

interface Outcome {
  code: number;
  out: string;
  error: string;
}

function lab(name: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = ['-r', './test/lab/typescript.cjs', 'lab/cli/main.ts', '--name', name, ...args];
    execFile(process.execPath, command, (error, out, errors) => {
      resolve({ code: error ? Number(error.code) : 0, out, error: errors });
    });
  });
}

async function json<T>(name: string, ...args: string[]): Promise<T> {
  const { code, out, error } = await lab(name, '--json', ...args);
  if (code !== 0) throw new Error(error);
  return JSON.parse(out) as T;
}

const status = (name: string) => json<FullStatus>(name, 'status');
const pidOf = (from: FullStatus, name: string) => from.processes.find((process) => process.name === name)!.pid;
const server = (from: FullStatus, name: string) => from.servers!.find((candidate) => candidate.name === name)!;

/** Every live process that has the lab's name in its command line or its folder as working directory. */
function processesOf(name: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(name) ? [command] : [];
      } catch {
        return [];
      }
    });
}

function arm(
  environment: Record<string, string>,
  token: string,
  { method = 'GET', body }: { method?: string; body?: object } = {},
): Promise<number> {
  const path = `/subscriptions/${environment.AZURE_SUBSCRIPTION_ID}/resourceGroups/broxiva-prod-rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/broxiva-db-primary?api-version=2025-08-01`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    request(
      environment.ARM_ENDPOINT + path,
      { method, headers, ca: readFileSync(environment.ARM_CA_FILE!) },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode!);
      },
    )
      .on('error', reject)
      .end(body && JSON.stringify(body));
  });
}

async function connect(connectionString: string): Promise<Record<string, unknown>> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT current_user AS role, current_database() AS database, pg_is_in_recovery() AS standby, current_setting('max_connections') AS connections`,
    );
    return rows[0]!;
  } finally {
    await client.end();
  }
}

let environment: Record<string, string>;

beforeAll(async () => {
  const made = await Promise.all([
    lab(one, 'up', '--replicas', '1', '--no-worker', '--time-factor', '600'),
    lab(other, 'up', '--time-factor', '600'),
  ]);
  expect(made.map(({ code, error }) => ({ code, error }))).toEqual([
    { code: 0, error: '' },
    { code: 0, error: '' },
  ]);
  environment = await json(one, 'env');
});

afterAll(() => Promise.all([lab(one, 'down'), lab(other, 'down')]));

test('the applications and the admin reach their database by the environment alone', async () => {
  const { DATABASE_URL, DATABASE_ADMIN_URL } = environment;
  expect(await connect(DATABASE_URL!)).toEqual({
    role: 'broxiva',
    database: 'broxiva',
    standby: false,
    connections: '1718',
  });
  expect(await connect(DATABASE_ADMIN_URL!)).toMatchObject({ role: 'broxivaadmin', standby: false });
  const replica = readFileSync(`${environment.RUNBOOK_SECRETS}/broxiva-db-replica-1/application-url`, 'utf8');
  expect(await connect(replica)).toMatchObject({ role: 'broxiva', standby: true });
});

test('Azure takes the tokens that its identity endpoint issued, and `lab`, and no other', async () => {
  const identity = await fetch(
    `${environment.IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=https://management.azure.com/`,
    {
      headers: { 'x-identity-header': environment.IDENTITY_HEADER! },
    },
  );
  const { access_token } = (await identity.json()) as { access_token: string };
  expect(await arm(environment, access_token)).toBe(200);
  expect(await arm(environment, 'lab')).toBe(200);
  expect(await arm(environment, 'labx')).toBe(401);
});

test('`env` prints lines that a shell can take', async () => {
  const { out } = await lab(one, 'env');
  for (const [name, value] of Object.entries(environment)) expect(out).toContain(`export ${name}='${value}'`);
});

test('`status` shows processes, sizes, factors and limits', async () => {
  const { out } = await lab(one, 'status');
  for (const text of ['÷ 600', '÷ 64', 'broxiva-db-replica-1', 'Standard_D4ds_v4', '1718', '64MB', 'runs: none open'])
    expect(out).toContain(text);
});

test('`up` again changes nothing, and with another option says so', async () => {
  const before = await status(one);
  expect((await lab(one, 'up')).code).toBe(0);
  const after = await status(one);
  expect(after.processes.map(({ pid }) => pid)).toEqual(before.processes.map(({ pid }) => pid));
  const refused = await lab(one, 'up', '--replicas', '2');
  expect(refused).toMatchObject({
    code: 1,
    error: expect.stringContaining('was made with replicas 1, not 2') as string,
  });
});

test('a killed daemon leaves the servers alone, and its successor finds them and goes on with the traffic', async () => {
  await lab(one, 'traffic', 'start', '--rate', '50');
  const before = await status(one);
  process.kill(pidOf(before, 'daemon')!, 'SIGKILL');
  expect((await lab(one, 'status')).out).toContain('the daemon does not answer');
  await lab(one, 'up');
  const after = await status(one);
  expect(pidOf(after, 'daemon')).not.toBe(pidOf(before, 'daemon'));
  expect(after.servers!.map(({ pid }) => pid)).toEqual(before.servers!.map(({ pid }) => pid));
  expect(after.traffic).toMatchObject({ run: before.traffic!.run, running: true });
});

test('a crash of the primary costs failed requests, no row', async () => {
  const before = server(await status(one), 'broxiva-db-primary');
  await lab(one, 'postgres', 'kill', 'broxiva-db-primary');
  expect(server(await status(one), 'broxiva-db-primary').running).toBe(false);
  await lab(one, 'postgres', 'start', 'broxiva-db-primary');
  expect(server(await status(one), 'broxiva-db-primary').pid).not.toBe(before.pid);
  const report = await json<TrafficReport>(one, 'traffic', 'stop');
  expect(report).toMatchObject({ lost: 0, duplicated: 0, running: false });
  expect(report.failed).toBeGreaterThan(0);
});

test('Temporal is killed when Azure is sent a change, and comes back with its data', async () => {
  const before = await status(one);
  await lab(one, 'fault', 'temporal-crash', '--restart', '0.1');
  expect((await lab(one, 'status')).out).toContain('faults: temporal-crash');
  expect(await arm(environment, 'lab', { method: 'PATCH', body: { tags: { killed: 'temporal' } } })).toBe(202);
  const again = async () => {
    const now = await status(one);
    return (
      now.openRuns !== null && pidOf(now, 'temporal') !== null && pidOf(now, 'temporal') !== pidOf(before, 'temporal')
    );
  };
  await until('Temporal is back', again, { deadlineMs: 50_000 });
});

test('a worker is killed when Azure is sent a change, and another one takes work', async () => {
  const before = await status(other);
  await lab(other, 'fault', 'worker-crash', '--restart=0');
  expect(await arm(await json(other, 'env'), 'lab', { method: 'PATCH', body: { tags: { killed: 'worker' } } })).toBe(
    202,
  );
  const again = async () => ![null, pidOf(before, 'worker')].includes(pidOf(await status(other), 'worker'));
  await until('another worker runs', again, { deadlineMs: 50_000 });
});

test('a worker can be frozen, thawed, killed and started', async () => {
  const state = async () => (await status(other)).processes.find(({ name }) => name === 'worker')!.state;
  await lab(other, 'worker', 'freeze');
  expect(await state()).toBe('frozen');
  await lab(other, 'worker', 'thaw');
  expect(await state()).toBe('running');
  await lab(other, 'worker', 'kill');
  expect(await state()).toBe('not running');
  expect(await lab(other, 'worker', 'start')).toMatchObject({ code: 0, error: '' });
  expect(await state()).toBe('running');
});

test('a frozen worker is replaced, and thawed afterwards: both take work', async () => {
  const first = pidOf(await status(other), 'worker')!;
  await lab(other, 'worker', 'freeze');
  expect(await lab(other, 'worker', 'replace')).toMatchObject({ code: 0, error: '' });
  expect([null, first]).not.toContain(pidOf(await status(other), 'worker'));
  const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0];
  expect(stateOf(first)).toBe('T');
  await lab(other, 'worker', 'thaw');
  expect(stateOf(first)).not.toBe('T');
});

test.each([
  [['fault', 'nonsense'], 1, 'there is no fault "nonsense"'],
  [['fault', 'worker-crash', '--after', 'x'], 1, 'after'],
  [['up', '--replicas', '9'], 1, '--replicas is 9'],
  [['up', '--replicas', 'two'], 2, 'a number is needed'],
  [['traffic', 'start', '--clients', '0'], 1, 'clients is 0'],
  [['postgres', 'kill', 'nobody'], 1, 'the lab has no server "nobody"'],
  [['nonsense'], 2, 'unknown command'],
])('%j says what is wrong, without a stack trace', async (args, code, message) => {
  const outcome = await lab(one, ...args);
  expect(outcome).toMatchObject({ code, error: expect.stringContaining(message) as string });
  expect(outcome.error).not.toContain('    at ');
});

test('a lab that is not there is named, with those that are', async () => {
  const { code, error } = await lab('test-missing', 'status');
  expect(code).toBe(1);
  expect(error).toContain('there is no lab "test-missing"');
  expect(error).toContain(one);
});

test('`down --keep-data` and `up` keep rows; `down` leaves no process, no folder, and the other lab as it was', async () => {
  const untouched = await status(other);
  const url = environment.DATABASE_URL!;
  const rows = (await connect(url)) && (await json<TrafficReport>(one, 'traffic', 'report')).rowsInTable;
  await lab(one, 'down', '--keep-data');
  expect(processesOf(one)).toEqual([]);
  await lab(one, 'up');
  expect(await json(one, 'env')).toEqual(environment);
  expect((await json<TrafficReport>(one, 'traffic', 'report')).rowsInTable).toBe(rows);
  expect(server(await status(one), 'broxiva-db-replica-1').replayLagBytes).not.toBeNull();
  await lab(one, 'down');
  expect(processesOf(one)).toEqual([]);
  expect(existsSync(labFolder(one))).toBe(false);
  expect(Lab.find(one)).toBeUndefined();
  const now = await status(other);
  expect(now.processes.map(({ pid }) => pid)).toEqual(untouched.processes.map(({ pid }) => pid));
  expect(now.servers).toMatchObject(untouched.servers!.map(({ name, pid }) => ({ name, pid })));
});
