/** `lab requests`: one line a request. */
import type { LoggedRequest } from '../azure';

export function showRequests(requests: LoggedRequest[]): string {
  if (requests.length === 0) return 'no requests';
  return requests
    .map((request) =>
      [
        request.at.slice(11, 23),
        request.method.padEnd(6),
        outcome(request),
        request.path.replace(/^.*\/flexibleServers\//i, ''),
      ].join('  '),
    )
    .join('\n');
}

/** The status, and how the operation that it began has ended. */
function outcome({ status, errorCode, operationStatus, operationError, fault }: LoggedRequest): string {
  const details = [errorCode, operationStatus, operationError, fault && `fault ${fault}`].filter(Boolean);
  return `${status || '-'} ${details.join(' ')}`.padEnd(16);
}
