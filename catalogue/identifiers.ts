/** Names of things in Temporal: made here and nowhere else. */

export const defaultTaskQueue = 'runbooks';

/** A lock's workflow type. Its workflow id is `target:` and the target. */
export const targetWorkflowType = 'target';

export type TargetKind =
  | 'postgres'
  | 'redis'
  | 'deployment'
  | 'secret'
  | 'configmap'
  | 'service'
  | 'poddisruptionbudget'
  | 'horizontalpodautoscaler'
  | 'statefulset'
  | 'pooler'
  | 'rediscluster';

/** Canonical id of a target, such as "postgres:broxiva-db-primary": lower-case, no slash (Temporal's HTTP API answers 404 to one). */
export function targetOf(kind: TargetKind, name: string): string {
  return `${kind}:${name}`.toLowerCase().replaceAll('/', '.');
}

/** Workflow id of a target's lock. People see and type the target without this prefix. */
export function lockWorkflowId(target: string): string {
  return `target:${target}`;
}

/** Workflow id of a run: runbook, subject, minute, and four characters that make it unique. */
export function runWorkflowId(runbook: string, subject: string, at: Date, unique: string): string {
  const stamp = at.toISOString().replace(/[-:]/g, '').slice(0, 13).replace('T', '-');
  return [runbook, subject, `${stamp}-${unique}`].join(':');
}

/** Search attributes: registered on the server before a worker starts, or every run would hang. */
export const searchAttributes = {
  RunbookTarget: 'KEYWORD_LIST',
  RunbookPhase: 'KEYWORD',
  RunbookOutcome: 'KEYWORD',
  RunbookRequester: 'KEYWORD',
} as const;
