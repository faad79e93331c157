/**
 * How activities fail: with a Temporal ApplicationFailure whose type is in catalogue/failure-types.ts, and in no other way.
 *
 * 1. Code that knows what is wrong throws `failure(type, message)`.
 * 2. Everything else a vendor's client throws is given to that vendor's mapping (failures.ts in azure/, kubernetes/, postgres/ and redis/),
 *    which answers a Problem or, for what is not its own, nothing.
 * 3. `asFailures` wraps a set of activities, so that nothing else can get out.
 *
 * No `cause` is attached: vendors' errors carry requests, and with them addresses and headers, into the history.
 */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { failureTypes, type FailureType } from '../catalogue';

export interface Problem {
  type: FailureType;
  /** What was given or asked, and what the answer was. */
  message: string;
  /** No request before this time has passed (Retry-After). */
  retryAfterSeconds?: number;
  /** The vendor's own code, such as "ProvisioningServerBusy" or "28P01". */
  code?: string;
}

/** The only place where an activity's failure is built. The message ends with what to do. */
export function failure(problem: Problem): ApplicationFailure;
export function failure(type: FailureType, message: string): ApplicationFailure;
export function failure(problem: Problem | FailureType, text = ''): ApplicationFailure {
  const { type, message, retryAfterSeconds, code }: Problem =
    typeof problem === 'string' ? { type: problem, message: text } : problem;
  const kind = failureTypes[type];
  return ApplicationFailure.create({
    type,
    message: `${oneLine(message)} (${kind.advice})`,
    nonRetryable: !kind.retryable,
    ...(code ? { details: [{ code }] } : {}),
    ...(kind.retryable && retryAfterSeconds ? { nextRetryDelay: Math.ceil(retryAfterSeconds * 1000) } : {}),
  });
}

/** The vendor's own code, where `failure` was given one. */
export function codeOf({ details }: ApplicationFailure): string | undefined {
  const [detail] = (details ?? []) as [{ code?: string }?];
  return detail?.code;
}

/** A vendor's mapping: undefined for what it does not know. */
export type Mapping = (error: unknown) => Problem | undefined;

/** The failure that stands for any error. Failures and cancellations pass unchanged. */
export function toFailure(error: unknown, mappings: Mapping[]): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  for (const map of mappings) {
    const problem = map(error);
    if (problem) return failure(problem);
  }
  return failure('Unexpected', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}

/** Wraps every activity of a set so that it fails as the table says. */
export function asFailures<T extends object>(activities: T, mappings: Mapping[]): T {
  const wrap =
    (activity: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw toFailure(error, mappings);
      }
    };
  return Object.fromEntries(
    Object.entries(activities as Record<string, (...args: unknown[]) => Promise<unknown>>).map(([name, activity]) => [
      name,
      wrap(activity),
    ]),
  ) as T;
}

/** Messages are shown in one line each and kept in histories: at most 1,000 characters, no control characters. */
export function oneLine(text: string): string {
  const line = text
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .trim();
  return line.length > 1000 ? `${line.slice(0, 999)}…` : line;
}

/**
 * The system's code of a connection that failed, wherever the client library put it: on the error, on its `cause`, or on
 * one of the `errors` of an AggregateError (every address of a name refused).
 */
export function connectionCode(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined;
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string' && (connectionCodes.has(code) || certificateCodes.has(code))) return code;
  const inner: unknown[] = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return inner.map((each) => connectionCode(each, depth + 1)).find(Boolean);
}

/** Codes of Node's net and dns modules, and of undici, for a peer that cannot be talked to (nodejs.org/api/errors.html). */
const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/** Codes with which a certificate is rejected (nodejs.org/api/tls.html, x509 certificate error codes). */
const certificateCodes = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export function isCertificateCode(code: string | undefined): boolean {
  return code !== undefined && certificateCodes.has(code);
}

/** True where the request cannot have arrived: no connection was ever made. */
export function neverSent(error: unknown): boolean {
  const code = connectionCode(error);
  return code !== undefined && (isCertificateCode(code) || notConnected.has(code));
}

const notConnected = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);
