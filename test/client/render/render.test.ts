/** What people see, as text: pure, so it can be read here as it is read there. */
import { stripVTControlCharacters } from 'node:util';
import type { AnswerName, RunStatus } from '../../../catalogue';
import { exitCodeOfView, renderView } from '../../../client/cli/render/view';
import { renderChanges } from '../../../client/cli/render/changes';
import { renderLocks } from '../../../client/cli/render/locks';
import { renderPlan, renderPlanNext } from '../../../client/cli/render/plan';
import { renderProblem } from '../../../client/cli/render/problem';
import { renderReport } from '../../../client/cli/render/report';
import { renderStatus } from '../../../client/cli/render/status';
import { columns } from '../../../client/cli/render/table';
import type { Look } from '../../../client/cli/render/text';
import { plain, shellWord } from '../../../client/cli/render/text';
import { renderTrouble } from '../../../client/cli/render/trouble';
import type { Lock } from '../../../client/locks';
import { Problem } from '../../../client/problem';
import type { Retry, RunView } from '../../../client/views';
import { growth, plan, report, status, step } from '../support/samples';

const look: Look = { colour: false, width: 100, command: 'npx runbook' };
const run = {
  workflowId: 'a-run',
  runId: 'r',
  url: 'http://localhost:8233/namespaces/default/workflows/a-run/r/history',
};
const now = '2026-11-24T04:13:32.000Z';
const open = (change: Partial<RunStatus> = {}, retries: Retry[] = []): RunView => ({
  ...{ state: 'open', run, status: status(change), retries },
});
const retry = (attempt: number): Retry => ({ activity: '7', attempt, why: '8 of 10 pods are Ready', underWay: false });

it('a plan fits a change ticket', () => {
  expect(`${renderPlan(plan(), look)}\n${renderPlanNext(plan(), look)}`).toBe(
    `databaseSkuUpgrade   broxiva-db-primary (broxiva-prod-rg)                          plan 7f3ac1d2e3f4
why: "Black Friday"      asked by: operator@example.com

Preflight   2 checks: 1 ok, 1 warning
  !  2 transactions older than 5 min would be cut off in step 1

 #  step           from → to          undo          time    clients notice
 1  scale primary  D4ds_v4 → D8ds_v4  reversible    ~6 min  all: ≤ 30 s
                   max_connections 1718 → 3437, same restart
 2  grow primary   256 → 512 GiB      IRREVERSIBLE  ~1 min  nothing

cost +0.56 $/hour · locks postgres:broxiva-db-primary · budget: 200 failed requests, 60 s
approval: required (policy: "grow primary" is irreversible)
start: npx runbook start --plan 7f3ac1d2e3f4 --wait`,
  );
});

it('a plan without steps has nothing to start', () => {
  expect(renderPlan(plan({ steps: [] }), look)).toContain('Nothing to do');
  expect(renderPlanNext(plan({ steps: [] }), look)).toBe('');
});

it('a report ends with what was measured', () => {
  expect(renderReport(report(), run, look)).toBe(
    `Succeeded in 6 min 12 s     plan 7f3ac1d2e3f4     databaseSkuUpgrade:broxiva-db-primary:20261124-0412-k3f9
 ✓ 1  scale primary  D4ds_v4 → D8ds_v4  done in 5 min 48 s  verified: ARM Ready + D8ds_v4; SQL 3437
                                                            connections
clients: 0 of 41,230 requests failed, longest stall 0.8 s (budget 200 / 60 s)      history: 58 events
http://localhost:8233/namespaces/default/workflows/a-run/r/history`,
  );
});

it('a refusal gives every reason in columns, and no steps', () => {
  const summary =
    'nothing was touched:\n  sku        Standard_D9ds_v4 is not offered\n  storageGb  128 is less than 256';
  const text = renderReport(report({ outcome: 'Refused', summary, steps: [step()], clients: undefined }), run, look);
  expect(text).toMatch(/^Refused, nothing was touched /);
  expect(text).toContain('\n  sku        Standard_D9ds_v4 is not offered\n  storageGb  128 is less than 256\n');
  expect(text).not.toContain('scale primary');
});

it('a rollback tells the cause, and what proves the old state', () => {
  const undone = step({ state: 'undone', evidence: 'ARM Ready + D4ds_v4', error: 'x'.repeat(500) });
  const text = renderReport(
    report({ outcome: 'RolledBack', summary: 'the operation failed', steps: [undone] }),
    run,
    look,
  );
  expect(text).toContain('\n  the operation failed\n');
  expect(text).toContain('restored: ARM Ready + D4ds_v4');
});

it('an exceeded budget and time that nobody measured are said', () => {
  const clients = {
    requests: 900,
    failedRequests: 201,
    longestStallSeconds: 3,
    unmeasuredSeconds: 9.5,
    lastFailure: 'refused',
  };
  expect(renderReport(report({ clients }), run, look)).toContain(
    'clients: 201 of 900 requests failed, longest stall 3.0 s (budget 200 / 60 s); 9.5 s unmeasured: over budget; the last that failed: refused',
  );
});

describe('a status', () => {
  it('says what it does, since when, whether that is usual, and how to stop it', () => {
    const waiting = { reason: "Azure's operation", on: 'broxiva-db-primary', since: '2026-11-24T04:12:32.000Z' };
    expect(renderStatus(status({ waiting }), now, look)).toBe(
      `databaseSkuUpgrade   broxiva-db-primary (broxiva-prod-rg)   running, 1 min 32 s in all
databaseSkuUpgrade:broxiva-db-primary:20261124-0412-k3f9     plan 7f3ac1d2e3f4
 ▶ 1  scale primary  D4ds_v4 → D8ds_v4  applying, 1 min 2 s of ~6 min
 · 2  grow primary   256 → 512 GiB      ~1 min                         IRREVERSIBLE
waits for broxiva-db-primary: Azure's operation (1 min)
holds: postgres:broxiva-db-primary
stop:   npx runbook pause|abort databaseSkuUpgrade:broxiva-db-primary:20261124-0412-k3f9 --reason …`,
    );
  });

  it('says why what it waits for is not so yet', () => {
    const waiting = { reason: 'grow', on: 'api', since: '2026-11-24T04:12:32.000Z' };
    expect(renderView(open({ waiting }, [retry(5)]), now, look)).toContain(
      'waits for api: grow (1 min)\nnot yet: 8 of 10 pods are Ready (attempt 5)\nholds:',
    );
    expect(renderView(open({ waiting }, [{ ...retry(5), underWay: true }]), now, look)).not.toContain('not yet');
  });

  it('gives the whole approval to type, irreversible steps by name', () => {
    const text = renderStatus(status({ phase: 'awaiting-approval', steps: [step(), growth()] }), now, look);
    expect(text).toContain(`--plan 7f3ac1d2e3f4 --irreversible 'grow primary' --as <who approves>`);
  });

  it.each<[RunStatus['phase'], string]>([
    ['paused', 'resume|abort'],
    ['soaking', 'pause|abort'],
  ])('%s: offers %s', (phase, orders) => expect(renderStatus(status({ phase }), now, look)).toContain(orders));
});

it('trouble says what is true, what was tried, what is held and what can be done', () => {
  const trouble = {
    step: 'scale primary',
    now: 'ARM says Failed; the server runs D4ds_v4',
    tried: ['the operation failed', 'undo to D4ds_v4: 409 ServerIsBusy'],
    held: ['postgres:broxiva-db-primary'],
    orders: ['retry', 'accept'] as AnswerName[],
    since: '2026-11-24T04:16:10.000Z',
  };
  expect(renderTrouble(trouble, 'a-run', look)).toBe(
    `NeedsOperator    step "scale primary"    since 04:16:10Z
now:    ARM says Failed; the server runs D4ds_v4
tried:  the operation failed
        undo to D4ds_v4: 409 ServerIsBusy
held:   postgres:broxiva-db-primary
do:     npx runbook retry|accept a-run --question 04:16:10Z --reason …`,
  );
});

describe('exit codes', () => {
  const trouble = { step: '', now: '', tried: [], held: [], orders: [], since: now };
  it.each<[string, RunView, number]>([
    ['running', open(), 0],
    ['an operator is needed', open({ phase: 'needs-operator', trouble }), 12],
    ['an operator has just answered', open({ phase: 'needs-operator' }), 0],
    ['succeeded', { state: 'closed', run, report: report() }, 0],
    ['planned', { state: 'closed', run, report: report({ outcome: 'Planned' }) }, 0],
    ['refused', { state: 'closed', run, report: report({ outcome: 'Refused' }) }, 10],
    ['rolled back', { state: 'closed', run, report: report({ outcome: 'RolledBack' }) }, 11],
    ['accepted', { state: 'closed', run, report: report({ outcome: 'Accepted' }) }, 13],
    ['terminated', { state: 'ended', run, runbook: 'x', why: 'terminated' }, 1],
  ])('%s: %#', (_name, view, code) => {
    expect(exitCodeOfView(view)).toBe(code);
    expect(renderView(view, now, look)).not.toContain('undefined');
  });
});

describe('a log', () => {
  const applying = open();
  const done = open({ steps: [step({ state: 'done', startedAt: now, endedAt: now, evidence: 'Ready' }), growth()] });
  it.each<[string, RunView | undefined, RunView, string[]]>([
    ['begins with what is', undefined, applying, ['running', 'step 1 "scale primary"  applying (usually 6 min)']],
    ['says nothing where nothing changed', applying, open(), []],
    ['says what a step came to', applying, done, ['step 1 "scale primary"  done in 0 s: verified: Ready']],
    [
      'says the last of it',
      applying,
      { state: 'closed', run, report: report() },
      ['step 1 "scale primary"  done in 5 min 48 s'],
    ],
    [
      'says who spoke',
      applying,
      open({ operators: [{ at: now, by: 'a', order: 'pause', reason: 'lunch' }] }),
      ['a says pause: "lunch"'],
    ],
    [
      'says what is waited for',
      applying,
      open({ waiting: { reason: 'soak', on: 'time', since: now, until: now } }),
      ['waits for time: soak, until 04:13:32Z'],
    ],
    ['a first retry', open(), open({}, [retry(2)]), ['not yet: 8 of 10 pods are Ready (attempt 2)']],
    ['one more', open({}, [retry(4)]), open({}, [retry(7)]), []],
    ['twice as many', open({}, [retry(7)]), open({}, [retry(8)]), ['not yet: 8 of 10 pods are Ready (attempt 8)']],
    ['another activity', open({}, [{ ...retry(9), activity: '6' }]), open({}, [retry(3)]), ['(attempt 3)']],
  ])('%s', (_name, before, after, expected) => {
    const lines = renderChanges(before, after, now, look);
    expect(lines).toHaveLength(expected.length);
    expected.forEach((text, index) => {
      expect(lines[index]).toMatch(/^04:13:32Z {2}/);
      expect(lines[index]).toContain(text);
    });
  });
});

describe('locks', () => {
  const holder = { workflowId: 'a-run', runId: 'r', runbook: 'x', requestedBy: 'operator', since: now };
  const held = (change: Partial<Lock> = {}): Lock => ({
    target: 'postgres:a',
    state: { target: 'postgres:a', holder, waiting: [] },
    holderExecution: 'RUNNING',
    ...change,
  });
  it.each<[string, Lock[], string, string | undefined]>([
    ['none', [], 'Nothing is locked.', 'FLAGGED'],
    [
      'a free one',
      [{ target: 'postgres:a', state: { target: 'postgres:a', waiting: [] } }],
      'Nothing is locked.',
      'FLAGGED',
    ],
    ['a held one', [held()], 'a-run', 'FLAGGED'],
    [
      'of a terminated run',
      [held({ holderExecution: 'TERMINATED' })],
      'unlock postgres:a --holder a-run --reason …',
      undefined,
    ],
    [
      'flagged',
      [held({ state: { target: 'a', holder: { ...holder, flagged: 'its run ended as X' }, waiting: [] } })],
      'FLAGGED: its run ended as X',
      undefined,
    ],
    [
      'nobody answers',
      [{ target: 'postgres:a' }],
      'No worker on task queue "runbooks" says who holds: postgres:a',
      undefined,
    ],
  ])('%s', (_name, locks, wanted, unwanted) => {
    const text = renderLocks(locks, 'runbooks', look);
    expect(text).toContain(wanted);
    if (unwanted !== undefined) expect(text).not.toContain(unwanted);
  });
});

describe('text from outside', () => {
  const hostile = '\u001b[2J\u0007evil\r\nSucceeded in 1 s\u202etxt\u009b31m';
  it('is printed without what a terminal would obey, in one line', () => {
    // eslint-disable-next-line no-control-regex
    expect(plain(hostile)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    const texts = [
      renderStatus(
        status({ subject: hostile, reason: hostile, steps: [step({ name: hostile, error: hostile })] }),
        now,
        look,
      ),
      renderReport(
        report({ summary: hostile, operators: [{ at: now, by: hostile, order: 'x', reason: hostile }] }),
        run,
        look,
      ),
      renderPlan(plan({ subject: hostile, findings: [{ level: 'refusal', code: hostile, message: hostile }] }), look),
      renderProblem(new Problem('Other', hostile, { remedy: hostile }), look),
      ...renderChanges(
        undefined,
        open({ steps: [step({ name: hostile, state: 'failed', error: hostile })] }),
        now,
        look,
      ),
    ];
    // eslint-disable-next-line no-control-regex
    for (const text of texts) expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it.each([
    ['plain', 'a-b:c.d', 'a-b:c.d'],
    ['blanks', 'grow primary', `'grow primary'`],
    ['quotes', `it's`, `'it'\\''s'`],
    ['commands', '$(rm -rf x)', `'$(rm -rf x)'`],
  ])('is one word for a shell: %s', (_name, text, word) => expect(shellWord(text)).toBe(word));
});

describe('columns', () => {
  it.each([80, 100, 200])('wrap at words within %d', (width) => {
    const text = columns({ ...look, width }, [['name', 'word '.repeat(60).trim(), 'more '.repeat(20).trim()]]);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
    expect(text.match(/word/g)).toHaveLength(60);
  });

  it('never cut a name', () => {
    const name = 'x'.repeat(130);
    expect(columns({ ...look, width: 80 }, [[name, 'some words']])).toContain(name);
  });

  it('colour does not change the widths', () => {
    const colourless = columns(look, [
      ['a', 'b'],
      ['aaa', 'b'],
    ]);
    const coloured = columns(look, [
      ['\u001b[31ma\u001b[39m', 'b'],
      ['aaa', 'b'],
    ]);
    expect(stripVTControlCharacters(coloured)).toBe(colourless);
  });
});
