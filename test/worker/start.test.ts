/**
 * Goal: a worker that cannot work says why in one line each and ends with status 1; one that can says that it is ready, and
 * ends with status 0 when it is told to. Method: the real process with a real Temporal server and the lab's Azure.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from '../../lab/processes';
import { searchAttributes } from '../../catalogue';
import { ActivityLab } from '../activities/support/activity-lab';

const root = join(__dirname, '..', '..');
const closed = '127.0.0.1:1';

let lab: ActivityLab;

beforeAll(async () => {
  lab = await ActivityLab.start();
  await lab.endWorker('SIGTERM');
});
afterAll(() => lab?.stop());

function start(environment: NodeJS.ProcessEnv) {
  const args = ['-r', './test/lab/typescript.cjs', 'worker/main.ts'];
  const worker = spawn(process.execPath, args, { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  worker.stdout.on('data', (text: Buffer) => (output.out += text.toString()));
  worker.stderr.on('data', (text: Buffer) => (output.err += text.toString()));
  return { worker, output };
}

/** What it says on its way out. */
async function refusal(changes: NodeJS.ProcessEnv): Promise<string[]> {
  const { worker, output } = start({ ...lab.environment, ...changes });
  const [status] = (await once(worker, 'close')) as [number];
  expect(status).toBe(1);
  return output.err.trim().split('\n');
}

test('no configuration: every variable in a line of its own', async () => {
  const missing = { AZURE_SUBSCRIPTION_ID: '', RUNBOOK_SECRETS: '', DATABASE_URL: '', DATABASE_ADMIN_URL: '' };
  expect(await refusal(missing)).toEqual([
    expect.stringMatching(/^worker: AZURE_SUBSCRIPTION_ID is not set: /),
    expect.stringMatching(/^worker: DATABASE_URL is not set, nor RUNBOOK_SECRETS: /),
    expect.stringMatching(/^worker: DATABASE_ADMIN_URL is not set, nor RUNBOOK_SECRETS: /),
  ]);
});

test('no Temporal: its address, and what to do', async () => {
  const said = await refusal({ TEMPORAL_ADDRESS: closed });
  expect(said).toEqual([
    expect.stringMatching(/^worker: Temporal at 127\.0\.0\.1:1 does not answer .*set TEMPORAL_ADDRESS$/),
  ]);
});

test('search attributes that are not registered: each with the command that does', async () => {
  const said = await refusal({});
  expect(said).toHaveLength(Object.keys(searchAttributes).length);
  expect(said[0]).toBe(
    'worker: search attribute RunbookTarget is not registered in namespace default: ' +
      'temporal operator search-attribute create --namespace default --name RunbookTarget --type KeywordList',
  );
});

describe('with search attributes', () => {
  beforeAll(() => lab.registerSearchAttributes());

  test('no Azure: its address, and what to do', async () => {
    const said = await refusal({ ARM_ENDPOINT: `https://${closed}` });
    expect(said).toEqual([
      expect.stringMatching(
        /^worker: Azure Resource Manager at https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*\(check the address/,
      ),
    ]);
  });

  test('an authority that nobody gave: which variable to set', async () => {
    const said = await refusal({ NODE_EXTRA_CA_CERTS: '' });
    expect(said).toEqual([expect.stringMatching(/^worker: Azure .*NODE_EXTRA_CA_CERTS for Azure, .*\)$/)]);
  });

  test('all there: ready, serves metrics where asked to, and ends when told to', async () => {
    const { worker, output } = start({
      ...lab.environment,
      RUNBOOK_METRICS_ADDRESS: `${lab.lab.network.services}:9464`,
    });
    const ready = () => output.out.includes('worker ready: task queue activities');
    await until('the worker is ready', ready, { deadlineMs: 50_000 });
    expect(output.out.trim().split('\n').every((line) => line.startsWith('{') && line.endsWith('}'))).toBe(true); // prettier-ignore
    const metrics = await fetch(`http://${lab.lab.network.services}:9464/metrics`);
    expect(await metrics.text()).toContain('temporal_');
    worker.kill('SIGTERM');
    expect(await once(worker, 'close')).toEqual([0, null]);
    expect(output.err).toBe('');
  });
});
