/**
 * The API server's audit log as what it is read for: who changed what in the cluster. What runs change names the run in
 * its user agent: `durable-runbooks/<version> (run <correlation id>; activity <client request id>)`.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { ClusterLayout } from '../layout';

export interface ClusterMutation {
  id: string;
  /** ISO 8601: when it was received, and when it was answered. */
  at: string;
  answeredAt: string;
  /** `create`, `update`, `patch`, `delete`, `deletecollection`. */
  verb: string;
  method: string;
  /** As it was asked for, without the query. */
  path: string;
  query: Record<string, string>;
  /** `deployments/scale` in `apps`, `broxiva-prod`, `broxiva-api`. */
  resource: string;
  group: string;
  namespace: string;
  name: string;
  /** HTTP's; 0 where the API server broke off. */
  status: number;
  /** The reason of a refusal, such as `Conflict`. */
  reason?: string;
  user: string;
  userAgent: string;
  fieldManager?: string;
  /** It only asked what would be. */
  dryRun: boolean;
  /** Of the run that asked for it: its correlation id, and the activity's client request id. */
  run?: string;
  activity?: string;
  /** What was sent, where the policy keeps it. */
  body?: unknown;
}

/** As the API server writes it (k8s.io/apiserver, audit.k8s.io/v1 Event): the fields read here. */
interface AuditEvent {
  auditID: string;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  verb: string;
  requestURI: string;
  user: { username: string };
  userAgent?: string;
  objectRef?: { resource?: string; subresource?: string; apiGroup?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number; reason?: string };
  requestObject?: unknown;
}

const methods: Record<string, string> = {
  ...{ create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETE' },
};

/** In the order in which they were answered; empty where there is no log yet. */
export function readAuditLog({ auditLog }: ClusterLayout): ClusterMutation[] {
  if (!existsSync(auditLog)) return [];
  return readFileSync(auditLog, 'utf8').split('\n').flatMap(parseLine);
}

/** Pure. A line that a killed API server wrote in part only is skipped. */
export function parseLine(line: string): ClusterMutation[] {
  if (line === '') return [];
  try {
    return [mutationOf(JSON.parse(line) as AuditEvent)];
  } catch {
    return [];
  }
}

function mutationOf(event: AuditEvent): ClusterMutation {
  const { pathname, searchParams } = new URL(event.requestURI, 'https://kubernetes');
  const { resource = '', subresource, apiGroup = '', namespace = '', name = '' } = event.objectRef ?? {};
  const { code = 0, reason } = event.responseStatus ?? {};
  const userAgent = event.userAgent ?? '';
  const [, run, activity] = /\(run ([^;)]+); activity ([^)]+)\)/.exec(userAgent) ?? [];
  const fieldManager = searchParams.get('fieldManager');
  return {
    ...{ id: event.auditID, at: event.requestReceivedTimestamp, answeredAt: event.stageTimestamp },
    ...{ verb: event.verb, method: methods[event.verb] ?? event.verb.toUpperCase() },
    ...{ path: pathname, query: Object.fromEntries(searchParams) },
    ...{ resource: subresource ? `${resource}/${subresource}` : resource, group: apiGroup, namespace, name },
    ...{ status: code, user: event.user.username, userAgent, dryRun: searchParams.has('dryRun') },
    ...(reason && code >= 400 && { reason }),
    ...(fieldManager && { fieldManager }),
    ...(run && activity && { run, activity }),
    ...(event.requestObject !== undefined && { body: event.requestObject }),
  };
}
