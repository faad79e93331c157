/**
 * Goal: a run's current details are a table that Temporal UI can show in half a page, with all long text outside it.
 * Method: the Markdown of one run with a step in each stage.
 */
import type { Report, RunStatus, StepProgress } from '../../../catalogue';
import { currentDetails } from '../../../workflows/runbook/details';

const step = {
  resource: 'postgres:db',
  from: 'D4',
  to: 'D8',
  reversibility: 'reversible',
  expectedSeconds: 360,
} as const;
const steps: StepProgress[] = [
  {
    ...{ ...step, name: 'scale replica', state: 'done', evidence: 'ARM Ready | D8' },
    ...{ startedAt: '2026-01-01T10:00:00Z', endedAt: '2026-01-01T10:05:48Z' },
  },
  { ...step, name: 'scale primary', state: 'applying', startedAt: '2026-01-01T10:05:48Z' },
  { ...step, name: 'grow primary', state: 'pending', impact: 'nothing' },
];
const status: RunStatus = {
  ...{ runbook: 'r', workflowId: 'w', runId: 'i', subject: 'db', phase: 'running', requestedBy: 'a', reason: '' },
  ...{ startedAt: '2026-01-01T10:00:00Z', held: [], operators: [], steps },
};

test('each step has a row with its state and time, and what was read stands below the table', () => {
  const lines = currentDetails(status, undefined, undefined).replaceAll('\u00a0', ' ').split('\n');
  expect(lines.filter((line) => line.startsWith('|'))).toEqual([
    '| step |    | from → to |    | state |',
    '| :--- | --- | :--- | --- | :--- |',
    '| ✓ 1 scale replica |    | D4 → D8 |    | done in 5 min 48 s |',
    '| ▶ 2 scale primary |    | D4 → D8 |    | applying since 10:05:48Z (~6 min) |',
    '| · 3 grow primary |    | D4 → D8 |    | pending (~6 min) |',
  ]);
  expect(lines).toContain('- step 1: ARM Ready \\| D8');
  expect(lines).toContain('- step 3: clients notice: nothing');
});

test('what is to be typed can be typed as it stands', () => {
  const irreversible = {
    ...step,
    name: 'publish db_2 in secrets/DATABASE_URL',
    reversibility: 'irreversible',
  } as const;
  const asking: RunStatus = {
    ...{ ...status, phase: 'awaiting-approval', planHash: 'abcdef' },
    steps: [{ ...steps[2]!, ...irreversible, state: 'pending' }],
  };
  expect(currentDetails(asking, undefined, undefined)).toContain(
    "`runbook approve w --plan abcdef --irreversible 'publish db_2 in secrets/DATABASE_URL' --as …`",
  );
  expect(currentDetails(status, undefined, undefined)).toContain('`runbook abort w --reason …`');
});

test('a refusal has a line for each reason, and no text from outside becomes markup', () => {
  const summary = [
    'nothing was touched:',
    '  sku        D9 is not offered; <b>',
    '  storageGb  128 is less than 256',
  ].join('\n');
  const report = { summary } as Report;
  expect(currentDetails({ ...status, steps: [] }, undefined, report)).toContain(
    ['nothing was touched:', '- **sku** D9 is not offered; \\<b\\>', '- **storageGb** 128 is less than 256'].join('\n'),
  );
});
