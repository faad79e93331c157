import type { Plan, Report, RunStatus, StepProgress } from '../../../catalogue';

/** Runs and plans as the renderers get them: the example of the upgrade of a primary, each field open to change. */
export function step(change: Partial<StepProgress> = {}): StepProgress {
  return {
    name: 'scale primary',
    resource: 'postgres:broxiva-db-primary',
    from: 'D4ds_v4',
    to: 'D8ds_v4',
    reversibility: 'reversible',
    expectedSeconds: 360,
    impact: 'all: ≤ 30 s',
    state: 'pending',
    ...change,
  };
}

export const growth = (change: Partial<StepProgress> = {}): StepProgress =>
  step({
    name: 'grow primary',
    from: '256',
    to: '512 GiB',
    reversibility: 'irreversible',
    expectedSeconds: 60,
    impact: undefined,
    ...change,
  });

export function plan(change: Partial<Plan> = {}): Plan {
  return {
    hash: '7f3ac1d2e3f4',
    runbook: 'databaseSkuUpgrade',
    title: 'Change the size of a PostgreSQL flexible server',
    subject: 'broxiva-db-primary (broxiva-prod-rg)',
    input: { reason: 'Black Friday', requestedBy: 'operator@example.com' },
    targets: ['postgres:broxiva-db-primary'],
    findings: [
      { level: 'ok', code: 'ServerReady', message: 'Ready' },
      {
        level: 'warning',
        code: 'LongTransactions',
        message: '2 transactions older than 5 min would be cut off in step 1',
      },
    ],
    steps: [step({ detail: 'max_connections 1718 → 3437, same restart' }), growth()],
    approval: { required: true, irreversibleSteps: ['grow primary'], why: 'policy: "grow primary" is irreversible' },
    clientBudget: { failedRequests: 200, longestStallSeconds: 60 },
    costChangePerHour: 0.56,
    ...change,
  };
}

export function status(change: Partial<RunStatus> = {}): RunStatus {
  return {
    runbook: 'databaseSkuUpgrade',
    workflowId: 'databaseSkuUpgrade:broxiva-db-primary:20261124-0412-k3f9',
    runId: 'run-id',
    subject: 'broxiva-db-primary (broxiva-prod-rg)',
    phase: 'running',
    planHash: '7f3ac1d2e3f4',
    requestedBy: 'operator@example.com',
    reason: 'Black Friday',
    startedAt: '2026-11-24T04:12:00.000Z',
    held: ['postgres:broxiva-db-primary'],
    steps: [step({ state: 'applying', startedAt: '2026-11-24T04:12:30.000Z' }), growth()],
    operators: [],
    ...change,
  };
}

export function report(change: Partial<Report> = {}): Report {
  return {
    outcome: 'Succeeded',
    summary: '',
    runbook: 'databaseSkuUpgrade',
    workflowId: 'databaseSkuUpgrade:broxiva-db-primary:20261124-0412-k3f9',
    subject: 'broxiva-db-primary (broxiva-prod-rg)',
    planHash: '7f3ac1d2e3f4',
    requestedBy: 'operator@example.com',
    reason: 'Black Friday',
    startedAt: '2026-11-24T04:12:00.000Z',
    endedAt: '2026-11-24T04:18:12.000Z',
    steps: [
      step({
        state: 'done',
        startedAt: '2026-11-24T04:12:10.000Z',
        endedAt: '2026-11-24T04:17:58.000Z',
        evidence: 'ARM Ready + D8ds_v4; SQL 3437 connections',
      }),
    ],
    clients: { requests: 41_230, failedRequests: 0, longestStallSeconds: 0.8, unmeasuredSeconds: 0 },
    clientBudget: { failedRequests: 200, longestStallSeconds: 60 },
    operators: [],
    historyEvents: 58,
    ...change,
  };
}
