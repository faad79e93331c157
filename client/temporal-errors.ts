import { Problem } from './problem';

/**
 * What Temporal's client throws, as problems that a person can act on. Its error classes are told by their names, so that
 * this file does not load the package.
 */
export interface Where {
  address: string;
  namespace: string;
  /** Workflow id, where the call was about one. */
  workflowId?: string;
}

/** Codes of gRPC (google.rpc.Code) that tell what happened. */
const grpc = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export function problemOf(error: unknown, { address, namespace, workflowId }: Where): Problem {
  if (error instanceof Problem) return error;
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  const details = grpcDetails(error);
  const noNamespace = details?.code === grpc.notFound && details.details.startsWith('Namespace ');
  if (name === 'NamespaceNotFoundError' || noNamespace) {
    return new Problem('NamespaceNotFound', `Temporal at ${address} has no namespace "${namespace}"`, {
      remedy: 'set TEMPORAL_NAMESPACE, or the profile, to one that exists',
      cause: error,
    });
  }
  switch (name) {
    case 'WorkflowNotFoundError':
      return message.includes('already completed')
        ? new Problem('Rejected', `${workflowId ?? 'the run'} has closed: nothing can be asked of it any more`, {
            remedy: `see its report`,
            cause: error,
          })
        : new Problem(
            'NotFound',
            `there is no run "${workflowId ?? ''}" in namespace "${namespace}" of Temporal at ${address}`,
            {
              remedy: 'see what runs and lately ran with the command "runs"',
              cause: error,
            },
          );
    case 'QueryNotRegisteredError':
      return new Problem('NotFound', `${workflowId ?? 'this workflow'} is not the run of a runbook`, { cause: error });
    case 'WorkflowUpdateFailedError':
      return new Problem('Rejected', causeMessage(error) ?? message, { cause: error });
  }
  if (isUnreachable(error)) {
    return new Problem('Unreachable', `Temporal at ${address} does not answer: ${details?.details ?? message}`, {
      remedy: 'start it, or set TEMPORAL_ADDRESS (or the profile) to where it runs',
      cause: error,
    });
  }
  if (details?.code === grpc.invalidArgument && details.details.includes('invalid search attribute')) {
    return new Problem(
      'NotRegistered',
      `namespace "${namespace}" lacks the runbooks' search attributes (${details.details})`,
      {
        remedy: 'register them with the command "doctor --fix"',
        cause: error,
      },
    );
  }
  if (details?.code === grpc.unauthenticated || details?.code === grpc.permissionDenied) {
    return new Problem('Other', `Temporal at ${address} refuses this identity: ${details.details}`, {
      remedy: 'check the certificate or API key of your TEMPORAL_* configuration',
      cause: error,
    });
  }
  return new Problem('Other', details?.details ?? message, { cause: error });
}

/** No worker took a query or an update: the deadline passed, or the server knew that it would. */
export function isUnanswered(error: unknown): boolean {
  const details = grpcDetails(error);
  if (details === undefined) return false;
  return (
    details.code === grpc.deadlineExceeded ||
    // What the client's own retries make of a deadline that passes between two tries.
    details.code === grpc.cancelled ||
    (details.code === grpc.failedPrecondition && /no poller|Task in failed state/i.test(details.details))
  );
}

/** The server itself does not answer; a later try may find it again. */
export function isUnreachable(error: unknown): boolean {
  return (
    grpcDetails(error)?.code === grpc.unavailable ||
    (error instanceof Error && error.message.startsWith('Failed to connect before the deadline'))
  );
}

/** Code and text of the gRPC failure inside an error, however deep. */
function grpcDetails(error: unknown): { code: number; details: string } | undefined {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    const { code, details } = current as { code?: unknown; details?: unknown };
    if (typeof code === 'number' && typeof details === 'string') return { code, details };
  }
  return undefined;
}

function causeMessage(error: unknown): string | undefined {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
}
