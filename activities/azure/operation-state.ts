/**
 * Reading the replies of a long-running operation (ARM's Resource Provider Contract, "async API reference"): where to ask,
 * how often, and how it ended. Pure.
 */
import type { Operation, OperationState } from './operations';
import { bodyOf, retryAfterOf } from './failures';

export interface Reply {
  status: number;
  header(name: string): string | undefined;
  body: string;
}

/** The operation behind a 2xx reply; undefined where the change was made at once. */
export function operationOf(reply: Reply): Operation | undefined {
  const url = reply.header('azure-asyncoperation') ?? reply.header('location');
  // A location with a blank in its region ("locations/East US/…") has been seen in the header.
  return url ? { url: url.replaceAll(' ', '%20'), ...retryAfterOf(reply.header('retry-after')) } : undefined;
}

/**
 * Undefined for a reply that does not answer the question: only Succeeded, Failed and Canceled end an operation, and a
 * 4xx or 5xx while polling is not one of them.
 */
export function operationStateOf(reply: Reply): OperationState | undefined {
  if (reply.status < 200 || reply.status > 299) return undefined;
  const running: OperationState = { status: 'running', ...retryAfterOf(reply.header('retry-after')) };
  const status = statusOf(reply.body);
  // Without a status in the body the HTTP status is the answer (the manner of Location).
  if (status === undefined) return reply.status === 202 ? running : { status: 'succeeded' };
  switch (status.toLowerCase()) {
    case 'succeeded':
      return { status: 'succeeded' };
    case 'failed':
      return { status: 'failed', ...bodyOf(reply.body) };
    case 'canceled':
    case 'cancelled':
      return { status: 'canceled', ...bodyOf(reply.body) };
    default:
      return running;
  }
}

function statusOf(body: string): string | undefined {
  try {
    const { status } = JSON.parse(body) as { status?: unknown };
    return typeof status === 'string' ? status : undefined;
  } catch {
    return undefined;
  }
}
