/**
 * The two ids that go with every change, derived, so that a worker that knows nothing else finds them again.
 *
 * The correlation id is the run's: whoever continues or undoes this run recognises its operations in Azure's activity
 * log, or its requests in the Kubernetes API server's audit log. It comes from the workflow id alone, which is unique for a run (catalogue/identifiers.ts): an undo after
 * continue-as-new has another run id. The client request id is the activity's.
 */
import { createHash } from 'node:crypto';

/** Sent with every change and kept by the audit logs of Azure and Kubernetes, so that a change can be told to be this run's. */
export interface RequestIdentity {
  /** A UUID, the same for every change of one run. Azure: x-ms-correlation-request-id. */
  correlationId: string;
  /** A UUID, one for each activity. Azure: x-ms-client-request-id. */
  clientRequestId: string;
}

export function requestIdentity(activity: { workflowId: string; runId: string; activityId: string }): RequestIdentity {
  const { workflowId, runId, activityId } = activity;
  return {
    correlationId: uuidOf(`runbook run ${workflowId}`),
    clientRequestId: uuidOf(`runbook activity ${workflowId} ${runId} ${activityId}`),
  };
}

/** A UUID of version 8 (RFC 9562, "custom"): ARM takes no other form as a correlation id. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = '89ab'[parseInt(hex[16]!, 16) % 4]!;
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}
