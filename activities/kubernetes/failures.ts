/**
 * What the API server answers → failure type (kubernetes.io, "API concepts"; k8s.io/apimachinery, StatusReason).
 *
 * The body of the client's error is a text; in it a Status object, or, from a proxy in between, anything.
 */
import { ApiException } from '@kubernetes/client-node';
import { connectionCode, isCertificateCode, oneLine, type Mapping, type Problem } from '../failures';

/** There is no such object. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ApiException && error.code === 404;
}

export const kubernetesProblem: Mapping = (error) => {
  if (error instanceof ApiException) return problemOfReply(error.code, bodyOf(error), error.headers);
  const code = connectionCode(error);
  if (isCertificateCode(code)) return { type: 'CertificateRejected', message: `the Kubernetes API server: ${code}` };
  if (code) return { type: 'KubernetesUnavailable', message: `the Kubernetes API server does not answer: ${code}` };
  if (error instanceof Error && /^(AbortError|TimeoutError)$/.test(error.name)) {
    return { type: 'KubernetesUnavailable', message: 'the Kubernetes API server did not answer in time' };
  }
  if (error instanceof TypeError && error.message === 'fetch failed') {
    return { type: 'KubernetesUnavailable', message: `the Kubernetes API server: ${String(error.cause)}` };
  }
  return undefined;
};

/** A text; absent in some replies, as of a login that is refused. */
function bodyOf({ body }: ApiException<unknown>): string {
  return typeof body === 'string' ? body : '';
}

/** `headers`: lower-case names. */
export function problemOfReply(status: number, body: string, headers: Record<string, string>): Problem {
  const { reason, message } = statusOf(body);
  const type = typeOf(status);
  const seconds = Number(headers['retry-after']);
  return {
    type,
    message: `Kubernetes answered ${status}${reason ? ` ${reason}` : ''}: ${message || 'no message'}`,
    code: reason,
    ...(seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  };
}

function typeOf(status: number): Problem['type'] {
  if (status === 401 || status === 403) return 'NotAuthorized';
  if (status === 404) return 'WorkloadNotFound';
  if (status === 409) return 'KubernetesConflict';
  if (status === 408 || status === 429 || status >= 500) return 'KubernetesUnavailable';
  return 'KubernetesRefused';
}

function statusOf(body: string): { reason: string; message: string } {
  try {
    const { reason, message } = JSON.parse(body) as { reason?: string; message?: string };
    return { reason: reason ?? '', message: oneLine(message ?? '') };
  } catch {
    return { reason: '', message: oneLine(body.replace(/<[^>]*>/g, ' ')).slice(0, 300) };
  }
}
