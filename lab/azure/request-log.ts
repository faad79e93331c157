/**
 * Every request, one JSON object each, in requests.jsonl: for the tests that ask what really was sent, and for people.
 *
 * A mutation that Azure accepted is written a second time when its operation has ended: the last line of an id is the
 * whole truth. An accepted mutation is a 2xx whose operation did not end as refused (`operationRefused`).
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Operation, OperationStatus } from './operations';

export interface LoggedRequest {
  id: string;
  /** ISO 8601. */
  at: string;
  method: string;
  /** As it was asked for, without the query. */
  path: string;
  /** Canonical, lower-case id of the resource, without a POST's action. */
  resource: string;
  /** The flexible server it is about, lower-case. */
  server?: string;
  apiVersion?: string;
  /** Undefined while it is being answered; 0 when the connection was dropped without an answer. */
  status?: number;
  /** Azure's error code, in a reply of 4xx or 5xx. */
  errorCode?: string;
  latencyMs?: number;
  /** What was sent, secrets replaced. */
  body?: unknown;
  correlationId: string;
  userAgent?: string;
  /** The fault that answered instead of the provider, or dropped the connection. */
  fault?: string;
  /** Id of the operation that the request began. */
  operation?: string;
  operationStatus?: OperationStatus;
  operationError?: string;
  /** From the request's acceptance to the operation's end. */
  operationMs?: number;
  /** Of a promotion: from its acceptance until the server was a primary. */
  effectiveAfterMs?: number;
  /** True when the operation ended before it did any work: the server was busy, or Azure refuses such a change. */
  operationRefused?: boolean;
}

/** Only so many requests are kept in memory; the file has them all. */
const keptInMemory = 20_000;

export class RequestLog {
  private readonly file: string;
  private readonly byId: Map<string, LoggedRequest>;
  private readonly byOperation = new Map<string, LoggedRequest>();

  constructor(folder: string) {
    this.file = join(folder, 'requests.jsonl');
    this.byId = new Map(readLog(this.file).map((request) => [request.id, request]));
    for (const request of this.byId.values()) {
      if (request.operation && request.operationStatus === 'InProgress')
        this.byOperation.set(request.operation, request);
    }
  }

  all(): LoggedRequest[] {
    return [...this.byId.values()];
  }

  began(request: LoggedRequest): void {
    this.byId.set(request.id, request);
    if (this.byId.size > keptInMemory) this.byId.delete(this.byId.keys().next().value!);
  }

  /** The request began this operation. */
  accepted(request: LoggedRequest, operation: Operation): void {
    request.operation = operation.id;
    copyEnd(request, operation);
    if (operation.status === 'InProgress') this.byOperation.set(operation.id, request);
  }

  answered(request: LoggedRequest): void {
    this.write(request);
  }

  operationEnded(operation: Operation): void {
    const request = this.byOperation.get(operation.id);
    if (!request) return;
    this.byOperation.delete(operation.id);
    copyEnd(request, operation);
    this.write(request);
  }

  private write(request: LoggedRequest): void {
    appendFileSync(this.file, JSON.stringify(request) + '\n', { mode: 0o600 });
  }
}

function copyEnd(request: LoggedRequest, operation: Operation): void {
  const after = (at: string) => Date.parse(at) - Date.parse(operation.startedAt);
  request.operationStatus = operation.status;
  if (operation.endedAt) request.operationMs = after(operation.endedAt);
  if (operation.effectiveAt) request.effectiveAfterMs = after(operation.effectiveAt);
  if (operation.error) request.operationError = operation.error.code || operation.error.message;
  if (operation.refused) request.operationRefused = true;
}

/** A line that a killed daemon wrote in part only is skipped. */
function readLog(file: string): LoggedRequest[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line ? [JSON.parse(line) as LoggedRequest] : [];
      } catch {
        return [];
      }
    });
}

/** A copy of a request's body without what must not be read by others. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      /password|secret|accesskey|connectionstring/i.test(key) && typeof inner === 'string'
        ? '<secret>'
        : withoutSecrets(inner),
    ]),
  );
}
