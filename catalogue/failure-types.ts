/**
 * Every type of failure that a step can end with: plain data, so that workflow code, the engine's decisions and the
 * command line read one table.
 *
 * `retryable`: the same call may succeed later without anybody doing anything; Temporal retries it.
 * `ask`: undoing would be a guess, because a change may still be in flight; the run asks an operator.
 * `withoutEffect`: the step is as if it had not begun, and that is certain; so a run goes back by itself even where the step has no way
 * back.
 * `byOthers`: that, although the target shows what the step was to bring about: it is somebody else's doing, and stays.
 * `advice`: what a person does about it.
 */
export interface FailureKind {
  retryable: boolean;
  ask: boolean;
  withoutEffect?: boolean;
  byOthers?: boolean;
  advice: string;
}

export const failureTypes = {
  ServerNotFound: {
    retryable: false,
    ask: false,
    advice: 'check the name, the resource group in the topology and the subscription',
  },
  ServerBusy: {
    retryable: false,
    ask: false,
    advice: 'wait until the other operation is over, then retry or start again',
  },
  ServerNotReady: {
    retryable: false,
    ask: false,
    advice: 'bring the server to the state Ready (start it, or wait), then start again',
  },
  ResourceLocked: {
    retryable: false,
    ask: false,
    advice: 'have the owner of the resource lock remove it; runbooks never do',
  },
  StorageCannotShrink: {
    retryable: false,
    ask: false,
    advice: 'ask for at least the present size: storage can only grow',
  },
  NotAuthorized: {
    retryable: false,
    ask: false,
    advice: "give the worker's identity the role that deploy/ describes, and check its credential",
  },
  AzureRefused: {
    retryable: false,
    ask: false,
    advice: 'Azure does not accept this request: change what it names',
  },
  AzureOperationFailed: {
    retryable: false,
    ask: false,
    advice: 'the operation was accepted and then failed: read the code, remove its cause, start again',
  },
  OperationDeadlineExceeded: {
    retryable: false,
    ask: true,
    advice: 'an operation may still be in flight: look at the target, then retry, roll back or accept',
  },
  WorkerStoodStill: {
    retryable: true,
    ask: false,
    advice: 'nothing was sent: the activity is tried again, by whichever worker has it',
  },
  AzureThrottled: {
    retryable: true,
    ask: false,
    advice: 'wait: Azure limits requests per subscription and says when to come back',
  },
  AzureUnavailable: {
    retryable: true,
    ask: false,
    advice: "check the address of Azure Resource Manager (ARM_ENDPOINT), the network and Azure's status page",
  },
  CredentialUnavailable: {
    retryable: true,
    ask: false,
    advice: "check the worker's managed identity (IDENTITY_ENDPOINT) or the credential it is to use",
  },
  KubernetesUnavailable: {
    retryable: true,
    ask: false,
    advice: "check the API server, the network and the worker's KUBECONFIG",
  },
  KubernetesConflict: {
    retryable: true,
    ask: false,
    advice: 'the object changed between reading and writing: it is read again',
  },
  KubernetesRefused: {
    retryable: false,
    ask: false,
    advice: 'Kubernetes does not accept this request: change what it names',
  },
  WorkloadNotFound: {
    retryable: false,
    ask: false,
    advice: 'check the name and the namespace in the topology, and that nobody has deleted it',
  },
  WorkloadFailing: {
    retryable: false,
    ask: false,
    advice: 'look at the named pods (kubectl describe, kubectl logs), remove the cause, start again',
  },
  CacheUnreachable: {
    retryable: true,
    ask: false,
    advice:
      "check that Redis runs, and its URL (redis/url in RUNBOOK_SECRETS, or REDIS_URL) where it is none of a cluster's pods",
  },
  DataLost: {
    retryable: false,
    ask: true,
    advice: 'the cache has not what was written before: see what else is missing, then retry, roll back or accept',
  },
  CacheLoginRejected: {
    retryable: false,
    ask: false,
    advice:
      "check the access key in the URL (<cache>/url in RUNBOOK_SECRETS), or the cluster's Secret: it may have been made anew",
  },
  ClusterRefused: {
    retryable: false,
    ask: false,
    advice: 'nothing more was done: bring the named nodes in order by hand, because keys or slots may be on them',
  },
  ClusterNotFormed: {
    retryable: false,
    ask: false,
    advice: 'look at what the message says is missing, then start again: it goes on from where the nodes are',
  },
  NotSettled: {
    retryable: false,
    ask: false,
    advice: 'the changed system did not stand the soak: read what was seen, then start again',
  },
  CertificateRejected: {
    retryable: false,
    ask: false,
    advice:
      'give the right certificate authority: PGSSLROOTCERT for PostgreSQL, NODE_EXTRA_CA_CERTS for Azure, KUBECONFIG for Kubernetes',
  },
  DatabaseUnreachable: {
    retryable: true,
    ask: false,
    advice: 'check that the server runs, its firewall, and the address in the connection URL',
  },
  DatabaseTimedOut: {
    retryable: true,
    ask: false,
    advice: 'look for locks and load on the server',
  },
  DatabaseLoginRejected: {
    retryable: false,
    ask: false,
    advice: 'check role, password and database in the connection URL',
  },
  DatabaseRightMissing: {
    retryable: false,
    ask: false,
    advice: 'grant the role what the message names (pg_monitor for the admin)',
  },
  DatabaseQueryFailed: {
    retryable: false,
    ask: false,
    advice: 'this should not happen on a supported version: report the message',
  },
  ConfigurationMissing: {
    retryable: false,
    ask: false,
    advice: "complete the worker's configuration as the message says",
  },
  ReplicaBehind: {
    retryable: false,
    ask: false,
    advice: 'the replica does not keep up: look at its size, its storage and the load on the primary',
  },
  ReplicaInUse: {
    retryable: false,
    ask: false,
    advice: 'somebody reads from the replica: move them away first, then retry',
  },
  CanaryWorse: {
    retryable: false,
    ask: false,
    advice: 'the one pod on the new path does worse than the others: look at what it logs',
  },
  PoolExhausted: {
    retryable: false,
    ask: false,
    advice: 'clients wait for a connection of the pool: give it more (deployPgbouncer), or find out what holds them',
  },
  PoolerNotPaused: {
    retryable: false,
    ask: false,
    withoutEffect: true,
    advice: 'nothing was changed and clients went on: remove what the message names, then start again',
  },
  NotAnswered: {
    retryable: false,
    ask: true,
    advice:
      'the change stands as it was verified: see why nobody answers, then retry (it is looked at again), roll back or accept',
  },
  NoWayBack: {
    retryable: false,
    ask: true,
    advice:
      'it cannot be undone any more: retry goes on with what is left, if nothing was undone yet; else accept, and start it again with the same input',
  },
  SwitchoverGivenUp: {
    retryable: false,
    ask: false,
    withoutEffect: true,
    advice:
      'nothing was promoted and clients went on with the old primary: remove what the message names, then start again',
  },
  PromotedByOthers: {
    retryable: false,
    ask: false,
    withoutEffect: true,
    byOthers: true,
    advice:
      'clients went on with the old primary, and what they write there the new one has not: find out who promoted it and what for, then start again with another name',
  },
  NotVerified: {
    retryable: true,
    ask: false,
    advice: 'the target does not show the new state yet',
  },
  Drift: {
    retryable: false,
    ask: false,
    advice: 'somebody else changed the target after the plan was made: find out who, then plan again',
  },
  DriftAfterwards: {
    retryable: false,
    ask: true,
    advice: 'somebody else changed the target after it was verified: look at it, then retry, roll back or accept',
  },
  ClientBudgetExceeded: {
    retryable: false,
    ask: false,
    advice: 'the run went back by itself: find out why clients suffered, or declare a bigger budget',
  },
  ClientBudgetExceededMidway: {
    retryable: false,
    ask: true,
    advice: 'going back would disturb clients again: look at them, then retry (go on), roll back or accept',
  },
  Unexpected: {
    retryable: false,
    ask: false,
    advice: 'this is a defect of the runbook or the worker: report it with the message',
  },
} as const satisfies Record<string, FailureKind>;

export type FailureType = keyof typeof failureTypes;

export function isFailureType(type: string | null | undefined): type is FailureType {
  return typeof type === 'string' && Object.hasOwn(failureTypes, type);
}

/** True where the engine puts the failure before an operator instead of rolling back. An unknown type does not ask. */
export function asksOperator(type: string | null | undefined): boolean {
  return isFailureType(type) && failureTypes[type].ask;
}

/** Of a step that failed: whether it is certainly as if it had not begun, and whether what its target shows is somebody else's doing. */
export function effectOf(type: string | null | undefined): Pick<FailureKind, 'withoutEffect' | 'byOthers'> {
  if (!isFailureType(type)) return {};
  const { withoutEffect = false, byOthers = false }: FailureKind = failureTypes[type];
  return { withoutEffect, byOthers };
}
