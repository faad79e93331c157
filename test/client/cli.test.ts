/**
 * The command line as a program, against a real Temporal server and the real engine: what it prints, what it exits with, and
 * what the run did of it.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { Report } from '../../catalogue';
import { CommandLine } from './support/command-line';
import { broken, gate } from './support/paper-server';
import { Stage } from './support/stage';

let stage: Stage;
let cli: CommandLine;

beforeAll(async () => {
  stage = await Stage.start();
  await stage.startWorker();
  cli = new CommandLine(stage.env);
});

afterAll(async () => {
  cli.remove();
  await stage.stop();
});

beforeEach(() => {
  stage.servers.before = () => undefined;
  stage.servers.after = () => undefined;
});

/** A server of its own for each test, so that no test waits for another's lock. */
let servers = 0;
const freshServer = (): string => `server-${++servers}`;
const wish = (server: string, ...more: string[]): string[] =>
  [`server=${server}`, 'sku=Standard_D8ds_v4', 'timing.soakSeconds=0', ...more].flatMap((setting) => [
    '--set',
    setting,
  ]);

interface Document {
  workflowId: string;
  outcome?: string;
  phase?: string;
  state: string;
  planHash?: string;
  plan?: { hash: string; steps: { name: string }[] };
  report?: Report;
  status?: { trouble?: { since: string } };
  error?: { code: string; message: string };
}

async function untilPhase(workflowId: string, phase: string): Promise<Document> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { document } = await cli.json<Document>(['status', workflowId]);
    if (document.phase === phase) return document;
    if (Date.now() > deadline) throw new Error(`not ${phase} within 20 s: ${JSON.stringify(document)}`);
  }
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) if (Date.now() > deadline) throw new Error('not so within 20 s');
}

describe('plan', () => {
  it('prints the plan and how to start it, touches nothing', async () => {
    const server = freshServer();
    const { code, out } = await cli.run([
      'plan',
      'databaseSkuUpgrade',
      ...wish(server, 'storageGb=512', 'reason=Black Friday'),
    ]);
    expect(code).toBe(0);
    expect(out).toContain('why: "Black Friday"');
    expect(out).toContain('asked by: operator@example.com');
    expect(out).toMatch(/! +2 transactions older than 5 min/);
    expect(out).toMatch(/1 +scale primary +Standard_D4ds_v4 → Standard_D8ds_v4 +reversible +~6 min +all: ≤ 30 s/);
    expect(out).toMatch(/2 +grow primary +256 → 512 +IRREVERSIBLE/);
    expect(out).toMatch(/start: runbook start --plan [0-9a-f]{12}/);
    expect(stage.servers.of(server)).toEqual({ sku: 'Standard_D4ds_v4', storageGb: '256' });
  });

  it('says every reason of a refusal at once, and exits 10', async () => {
    const { code, out } = await cli.run([
      'plan',
      'databaseSkuUpgrade',
      ...wish(freshServer(), 'sku=Standard_D9ds_v4', 'storageGb=128'),
    ]);
    expect(code).toBe(10);
    expect(out).toContain('Refused, nothing was touched');
    expect(out).toMatch(/sku +Standard_D9ds_v4 is not offered/);
    expect(out).toMatch(/storageGb +128 is less than today's 256/);
  });
});

describe('start', () => {
  it('waits and ends with what was measured', async () => {
    const server = freshServer();
    const { code, out } = await cli.run(['start', 'databaseSkuUpgrade', ...wish(server), '--wait']);
    expect(out).toMatch(/started databaseSkuUpgrade:server-\d+:\d{8}-\d{4}-[0-9a-z]{4}/);
    expect(out).toMatch(/step 1 "scale primary" +done/);
    expect(out).toMatch(/Succeeded in /);
    expect(out).toMatch(/✓ 1 +scale primary .*verified: ARM Ready/);
    expect(out).toMatch(
      /clients: 0 of 41,230 requests failed, longest stall 0.8 s \(budget 200 \/ 60 s\) +history: \d+ events/,
    );
    expect(out).toMatch(/http:\/\/localhost:8233\/namespaces\/default\/workflows\//);
    expect(code).toBe(0);
    expect(stage.servers.of(server).sku).toBe('Standard_D8ds_v4');
  });

  it('performs a plan by the first digits of its hash, with the input of its dry run', async () => {
    const server = freshServer();
    const planned = await cli.json<Document>(['plan', 'databaseSkuUpgrade', ...wish(server)]);
    const hash = planned.document.planHash!;
    const started = await cli.json<Document>([
      'start',
      '--plan',
      hash.slice(0, 8),
      '--wait',
      '--as',
      'other@example.com',
    ]);
    expect(started).toMatchObject({
      code: 0,
      document: { outcome: 'Succeeded', planHash: hash, report: { requestedBy: 'other@example.com' } },
    });
    expect(stage.servers.of(server).sku).toBe('Standard_D8ds_v4');
  });

  it('refuses a plan that is another by now', async () => {
    const server = freshServer();
    const { document } = await cli.json<Document>(['plan', 'databaseSkuUpgrade', ...wish(server)]);
    stage.servers.of(server).sku = 'Standard_D2ds_v4';
    const { code, out } = await cli.run(['start', '--plan', document.planHash!, '--wait']);
    expect(code).toBe(10);
    expect(out).toContain('plan again');
    expect(stage.servers.of(server).sku).toBe('Standard_D2ds_v4');
  });

  it('does not change the input of a plan, and knows no plan that nobody made', async () => {
    const { document } = await cli.json<Document>(['plan', 'databaseSkuUpgrade', ...wish(freshServer())]);
    expect(await cli.json(['start', '--plan', document.planHash!, '--set', 'sku=Standard_D2ds_v4'])).toMatchObject({
      code: 2,
      document: { error: { code: 'BadUsage' } },
    });
    const unknown = await cli.run(['start', '--plan', 'abcdef']);
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain('no dry run made plan abcdef');
  });

  it('shows a rollback, and exits 11', async () => {
    stage.servers.before = ({ way }) => {
      if (way === 'forward') throw broken('the operation failed: InternalServerError');
    };
    const { code, out } = await cli.run(['start', 'databaseSkuUpgrade', ...wish(freshServer()), '--wait']);
    expect(code).toBe(11);
    expect(out).toContain('RolledBack in ');
    expect(out).toContain('the operation failed: InternalServerError');
    expect(out).toMatch(/↩ 1 +scale primary/);
  });
});

describe('approval', () => {
  it('says what it waits for and on whom; approves exactly what is named', async () => {
    const server = freshServer();
    const { document } = await cli.json<Document>(['start', 'databaseSkuUpgrade', ...wish(server, 'storageGb=512')]);
    const { workflowId } = document;
    const { planHash } = await untilPhase(workflowId, 'awaiting-approval');

    const status = await cli.run(['status', workflowId]);
    expect(status.out).toContain('waits for anybody but operator@example.com: approval of plan');
    expect(status.out).toContain(`runbook approve ${workflowId} --plan ${planHash} --irreversible 'grow primary'`);
    expect(status.code).toBe(0);

    const approve = ['approve', workflowId, '--plan', planHash!];
    const requester = await cli.run([...approve, '--irreversible', 'grow primary']);
    expect(requester).toMatchObject({ code: 1, err: expect.stringContaining('cannot approve it') as string });
    const unnamed = await cli.run([...approve, '--as', 'approver@example.com']);
    expect(unnamed.err).toContain('"grow primary" was not named');
    const other = await cli.run([
      'approve',
      workflowId,
      '--plan',
      '123456',
      '--as',
      'approver@example.com',
      '--irreversible',
      'grow primary',
    ]);
    expect(other.err).toContain("is not this run's plan");

    const given = await cli.run([
      ...approve,
      '--as',
      'approver@example.com',
      '--irreversible',
      'grow primary',
      '--wait',
    ]);
    expect(given.out).toMatch(/2 +grow primary +256 → 512 +IRREVERSIBLE/);
    expect(given.out).toContain('is approved');
    expect(given.out).toMatch(/approve +approver@example.com/);
    expect(given.code).toBe(0);
    expect(stage.servers.of(server).storageGb).toBe('512');
  });

  it('a rejection closes the run as refused', async () => {
    const { document } = await cli.json<Document>([
      'start',
      'databaseSkuUpgrade',
      ...wish(freshServer(), 'approval=required'),
    ]);
    await untilPhase(document.workflowId, 'awaiting-approval');
    const { code, out } = await cli.run(['reject', document.workflowId, '--reason', 'not today\u001b[31m', '--wait']);
    expect(code).toBe(10);
    expect(out).toContain('not today');
    expect(out).not.toContain('\u001b');
  });
});

describe('an operator is needed', () => {
  it('says so, exits 12, and goes on by an order', async () => {
    const server = freshServer();
    stage.servers.after = ({ way }) => {
      if (way === 'forward') throw broken('the operation failed');
    };
    stage.servers.before = ({ way }) => {
      if (way === 'back') throw broken('409 ServerIsBusy');
    };
    const started = await cli.run(['start', 'databaseSkuUpgrade', ...wish(server), '--wait']);
    expect(started).toMatchObject({ code: 12 });
    expect(started.out).toMatch(/NeedsOperator +step "scale primary"/);
    expect(started.out).toMatch(/now: +postgres:server-\d+ shows Standard_D8ds_v4/);
    expect(started.out).toContain('409 ServerIsBusy');
    expect(started.out).toMatch(/held: +postgres:server-\d+/);
    const workflowId = /started (\S+)/.exec(started.out)![1]!;
    expect(started.out).toMatch(/do: +runbook [a-z|]+ databaseSkuUpgrade:server/);

    expect((await cli.run(['status', workflowId])).code).toBe(12);
    expect((await cli.run(['pause', workflowId, '--reason', 'wait'])).err).toContain(
      'not now, this run is needs-operator',
    );
    const accept = (question: string) =>
      cli.run(['accept', workflowId, '--question', question, '--reason', 'looked at it', '--wait']);
    expect((await accept('noon')).err).toContain('the time since which the run asks');
    expect((await accept('2020-01-01T03:12:07Z')).err).toContain('has had its answer');
    const accepted = await accept(/--question (\S+)/.exec(started.out)![1]!);
    expect(accepted).toMatchObject({ code: 13 });
    expect(accepted.out).toContain('Accepted in ');
    const report = await cli.json<Document>(['report', workflowId]);
    expect(report).toMatchObject({ code: 13, document: { state: 'closed', outcome: 'Accepted' } });
  });
});

describe('what is tried again', () => {
  it('says what it was answered the last time', async () => {
    stage.servers.before = () => {
      throw ApplicationFailure.create({ type: 'AzureThrottled', message: '429: ask later' });
    };
    const { document } = await cli.json<Document>(['start', 'databaseSkuUpgrade', ...wish(freshServer())]);
    const { workflowId } = document;
    const status = async () => (await cli.run(['status', workflowId])).out;
    await eventually(async () => /not yet: 429: ask later \(attempt \d+\)/.test(await status()));
    stage.servers.before = () => undefined;
    await untilPhase(workflowId, 'closed');
    expect(await status()).not.toContain('not yet');
  });
});

describe('locks', () => {
  it('shows who holds, flags the lock of a terminated run, and unlocks by naming the holder', async () => {
    const server = freshServer();
    const held = gate();
    stage.servers.before = () => held.passed;
    const { document } = await cli.json<Document>(['start', 'databaseSkuUpgrade', ...wish(server)]);
    await untilPhase(document.workflowId, 'running');
    const target = `postgres:${server}`;
    const before = await cli.json<{ target: string; stranded: boolean; holder?: { workflowId: string } }[]>(['locks']);
    expect(before.document.find((lock) => lock.target === target)).toMatchObject({
      stranded: false,
      holder: { workflowId: document.workflowId },
    });

    const second = await cli.run(['start', 'databaseSkuUpgrade', ...wish(server), '--wait']);
    expect(second.code).toBe(10);
    expect(second.out).toContain(`is held by ${document.workflowId}`);

    await stage.client.workflow.getHandle(document.workflowId).terminate('test');
    held.open();
    const locks = await cli.run(['locks']);
    expect(locks.out).toContain('FLAGGED');
    expect(locks.out).toContain(`runbook unlock ${target} --holder ${document.workflowId} --reason …`);
    const status = await cli.run(['status', document.workflowId]);
    expect(status).toMatchObject({ code: 1, out: expect.stringContaining('terminated in Temporal') as string });

    const wrong = await cli.run(['unlock', target, '--holder', 'somebody', '--reason', 'looked']);
    expect(wrong).toMatchObject({
      code: 1,
      err: expect.stringContaining('name the holder that you looked at') as string,
    });
    const unlocked = await cli.run(['unlock', target, '--holder', document.workflowId, '--reason', 'looked at it']);
    expect(unlocked).toMatchObject({
      code: 0,
      out: expect.stringContaining('was unlocked by operator@example.com') as string,
    });
    const after = await cli.json<{ target: string; holder?: object }[]>(['locks']);
    expect(after.document.find((lock) => lock.target === target)?.holder).toBeUndefined();
  });
});

describe('doctor', () => {
  it('finds everything in place, and says what is not', async () => {
    const healthy = await cli.json<{ ok: boolean; checks: { name: string; ok: boolean }[] }>(['doctor']);
    expect(healthy.document.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(healthy.code).toBe(0);
    const { code, out } = await cli.run(['doctor'], {
      env: { TEMPORAL_NAMESPACE: 'nowhere', RUNBOOK_TOPOLOGY: '/nowhere.yaml', ARM_ENDPOINT: 'https://127.0.0.1:1' },
    });
    expect(code).toBe(1);
    expect(out).toMatch(/fail +namespace +.*"nowhere"/);
    expect(out).toMatch(/fail +topology +.*\/nowhere.yaml/);
    expect(out).toMatch(/fail +Azure Resource Manager +https:\/\/127.0.0.1:1: connection refused/);
  });

  it('registers search attributes that are missing', async () => {
    await stage.client.workflowService.registerNamespace({
      namespace: 'fresh',
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const env = { TEMPORAL_NAMESPACE: 'fresh' };
    await eventually(async () => (await cli.run(['doctor'], { env })).out.includes('missing: RunbookTarget'));
    expect((await cli.run(['doctor', '--fix'], { env })).out).toMatch(/ok +search attributes +registered now/);
    await eventually(
      async () => (await cli.run(['doctor'], { env })).out.match(/ok +search attributes +registered/) !== null,
    );
  });
});

describe('runs', () => {
  it('lists by search attributes', async () => {
    const server = freshServer();
    await cli.json(['plan', 'databaseSkuUpgrade', ...wish(server)]);
    let out = '';
    await eventually(async () => {
      ({ out } = await cli.run(['runs', '--target', `postgres:${server}`]));
      return out.includes('Planned');
    });
    expect(out).toMatch(/databaseSkuUpgrade:server-\d+:\S+ +Planned +operator@example.com .*postgres:server-\d+/);
    expect((await cli.run(['runs', '--outcome', "x' OR '1'='1"])).code).toBe(2);
  });
});

describe('watching', () => {
  it('Ctrl-C leaves the run going and says how to come back', async () => {
    const held = gate();
    stage.servers.before = () => held.passed;
    const { document } = await cli.json<Document>(['start', 'databaseSkuUpgrade', ...wish(freshServer())]);
    const watching = cli.start(['watch', document.workflowId]);
    let err = '';
    watching.stderr?.on('data', (chunk) => (err += String(chunk)));
    await new Promise<void>((resolve) => watching.stdout?.once('data', () => resolve()));
    watching.kill('SIGINT');
    const code = await new Promise((resolve) => watching.once('close', resolve));
    expect(code).toBe(1);
    expect(err).toContain(`runbook watch ${document.workflowId}`);
    held.open();
    expect((await cli.run(['watch', document.workflowId])).out).toContain('Succeeded in ');
  });
});

describe('without a worker', () => {
  it('says so by itself, with what Temporal knows, and goes on when one comes', async () => {
    const held = gate();
    stage.servers.before = () => held.passed;
    const { document } = await cli.json<Document>(['start', 'databaseSkuUpgrade', ...wish(freshServer())]);
    await untilPhase(document.workflowId, 'running');
    held.open();
    await stage.stopWorker();
    const status = await cli.run(['status', document.workflowId]);
    expect(status).toMatchObject({ code: 1, err: '' });
    expect(status.out).toMatch(/The run does not answer: no worker .*"cli-/);
    expect(status.out).toMatch(/phase +running/);
    expect(status.out).toMatch(/last work +[a-z].* · .*, begun /);
    const order = await cli.run(['pause', document.workflowId, '--reason', 'x']);
    expect(order).toMatchObject({ code: 1, err: expect.stringContaining('no worker') as string });
    const locks = await cli.run(['locks']);
    expect(locks).toMatchObject({ code: 0, out: expect.stringContaining('No worker on task queue') as string });
    const watching = cli.run(['watch', document.workflowId]);
    await stage.startWorker();
    expect(await watching).toMatchObject({ code: 0, out: expect.stringContaining('Succeeded in ') as string });
  });
});
