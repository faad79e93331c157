/** The faults that are armed at a proxy before the API server: which of them strikes a request. */
import type { KubernetesFault } from '../harness/case';

export interface ArmedApiFault {
  name: KubernetesFault['name'];
  options: KubernetesFault['options'];
  /** Requests that it fitted. */
  seen: number;
  hits: number;
}

export class ApiFaults {
  private armed: ArmedApiFault[] = [];

  arm({ name, options }: KubernetesFault): ArmedApiFault {
    const fault = { name, options, seen: 0, hits: 0 };
    this.armed.push(fault);
    return fault;
  }

  clear(): void {
    this.armed = [];
  }

  /** The one that strikes a request; each that fits it is counted. */
  strike(isMutation: boolean): ArmedApiFault | undefined {
    let striking: ArmedApiFault | undefined;
    for (const fault of this.armed.filter(({ name, options }) => fits(name, options, isMutation))) {
      fault.seen += 1;
      const { after = 0, count = 1 } = fault.options;
      if (striking || fault.seen <= after || fault.hits === count) continue;
      fault.hits += 1;
      striking = fault;
    }
    return striking;
  }
}

function fits(name: string, { on = 'any' }: KubernetesFault['options'], isMutation: boolean): boolean {
  if (name === 'conflict' || name === 'lost-response') return isMutation;
  return on === 'any' || (on === 'mutation') === isMutation;
}

/** How the API server refuses (k8s.io/apimachinery, meta/v1 Status). Undefined for a fault that is no answer. */
export function refusalOf({
  name,
  options: { seconds = 1 },
}: ArmedApiFault): { status: number; headers: Record<string, string>; body: object } | undefined {
  const refusals: Partial<Record<KubernetesFault['name'], [status: number, reason: string, message: string]>> = {
    throttle: [429, 'TooManyRequests', 'too many requests, please try again later'],
    'server-error': [500, 'InternalError', 'Internal error occurred: etcdserver: request timed out'],
    unavailable: [503, 'ServiceUnavailable', 'the server is currently unable to handle the request'],
    conflict: [
      409,
      'Conflict',
      'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again',
    ],
  };
  const refusal = refusals[name];
  if (!refusal) return undefined;
  const [status, reason, message] = refusal;
  return {
    status,
    headers: { 'content-type': 'application/json', ...(name === 'throttle' && { 'retry-after': String(seconds) }) },
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status },
  };
}
