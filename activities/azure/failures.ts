/**
 * What Azure Resource Manager answers → failure type. Codes are those of the recorded conversations and of Azure's own
 * documentation (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors).
 *
 * An error reply may be no JSON at all (a 503 with an HTML page) and a code may be an empty string: the status decides
 * where the code says nothing.
 */
import { isRestError } from '@azure/core-rest-pipeline';
import { connectionCode, isCertificateCode, oneLine, type Mapping, type Problem } from '../failures';

/** One error reply, however it was read. */
export interface ArmError {
  status: number;
  code: string;
  message: string;
  retryAfterSeconds?: number;
  /** Such as "PATCH /subscriptions/…/flexibleServers/x". */
  request: string;
}

/** Codes with which an operation is refused because another one has the server: nothing was changed. */
export function isBusyCode(code: string): boolean {
  return busyCodes.has(code);
}

const busyCodes = new Set([
  'ServerIsBusy',
  'ServerBusy',
  'ProvisioningServerBusy',
  'ServerIsNotReady',
  'ServerNotReady',
  'OperationInProgress',
  'AnotherOperationInProgress',
  'ConflictingServerOperation',
]);

/** Codes that say more than their status does. */
const byCode: Record<string, Problem['type']> = {
  ResourceNotFound: 'ServerNotFound',
  ResourceGroupNotFound: 'ServerNotFound',
  ParentResourceNotFound: 'ServerNotFound',
  SubscriptionNotFound: 'ServerNotFound',
  ScopeLocked: 'ResourceLocked',
  AuthorizationFailed: 'NotAuthorized',
  AuthenticationFailed: 'NotAuthorized',
  InvalidAuthenticationToken: 'NotAuthorized',
  ExpiredAuthenticationToken: 'NotAuthorized',
  LinkedAuthorizationFailed: 'NotAuthorized',
  SubscriptionRequestsThrottled: 'AzureThrottled',
  ResourceRequestsThrottled: 'AzureThrottled',
  TooManyRequests: 'AzureThrottled',
};

export function problemOfReply(error: ArmError): Problem {
  const { status, code, retryAfterSeconds } = error;
  const type = byCode[code] ?? (isBusyCode(code) ? 'ServerBusy' : typeOfStatus(status));
  const message = `${error.request} was answered ${status}${code ? ` ${code}` : ''}: ${error.message || 'no message'}`;
  return { type, message, code, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}

function typeOfStatus(status: number): Problem['type'] {
  if (status === 401 || status === 403) return 'NotAuthorized';
  if (status === 404) return 'ServerNotFound';
  if (status === 409) return 'ServerBusy';
  if (status === 429) return 'AzureThrottled';
  if (status === 408 || status >= 500) return 'AzureUnavailable';
  return 'AzureRefused';
}

/** Everything that the Azure SDK throws. */
export const azureProblem: Mapping = (error) => {
  if (!(error instanceof Error)) return undefined;
  const reply = armErrorOf(error);
  if (reply) return problemOfReply(reply);
  if (
    /^(CredentialUnavailableError|AuthenticationError|AggregateAuthenticationError|AuthenticationRequiredError)$/.test(
      error.name,
    )
  ) {
    return { type: 'CredentialUnavailable', message: `no token for Azure: ${error.message}` };
  }
  if (isRestError(error)) {
    const code = connectionCode(error) ?? error.code;
    const target = error.request ? new URL(error.request.url).origin : 'Azure Resource Manager';
    const type = isCertificateCode(code) ? 'CertificateRejected' : 'AzureUnavailable';
    return { type, message: `${target} does not answer: ${code ?? error.message}`, ...(code ? { code } : {}) };
  }
  // A request that ran into its time-out; cancellation of the activity is told apart before this is asked.
  if (error.name === 'AbortError')
    return { type: 'AzureUnavailable', message: 'Azure Resource Manager did not answer in time' };
  return undefined;
};

/** The reply behind an error of the SDK, where there was one. */
export function armErrorOf(error: unknown): ArmError | undefined {
  if (!isRestError(error) || error.response === undefined) return undefined;
  const { response, request } = error;
  return {
    status: response.status,
    ...bodyOf(response.bodyAsText ?? '', error.message),
    ...retryAfterOf(response.headers.get('retry-after')),
    request: request ? `${request.method} ${new URL(request.url).pathname}` : 'a request',
  };
}

/** Code and message of an error's body: {"error": {…}}, a bare {…} (AKS), or a page of HTML. */
export function bodyOf(text: string, fallback = ''): { code: string; message: string } {
  try {
    const body = JSON.parse(text) as {
      error?: { code?: unknown; message?: unknown };
      code?: unknown;
      message?: unknown;
    };
    const error = body.error ?? body;
    return { code: stringOf(error.code), message: oneLine(stringOf(error.message)) };
  } catch {
    const plain = text.replace(/<[^>]*>/g, ' ');
    return { code: '', message: oneLine(plain || fallback).slice(0, 300) };
  }
}

/** Whole seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterOf(header: string | undefined, now = Date.now()): { retryAfterSeconds?: number } {
  if (!header) return {};
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return { retryAfterSeconds: Math.max(0, seconds) };
  const at = Date.parse(header);
  return Number.isNaN(at) ? {} : { retryAfterSeconds: Math.max(0, (at - now) / 1000) };
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
