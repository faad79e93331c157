/** What the Redis client throws → failure type (catalogue/failure-types.ts). */
import {
  ClientClosedError,
  ClientOfflineError,
  ConnectionTimeoutError,
  DisconnectsClientError,
  RootNodesUnavailableError,
  SocketClosedUnexpectedlyError,
  SocketTimeoutError,
  TimeoutError,
} from 'redis';
import { connectionCode, isCertificateCode, type Mapping } from '../failures';

/** A server that does not know a command repeats all of it, and a login is a command. */
export function withoutArguments(message: string): string {
  return message.split(', with args beginning with', 1)[0]!;
}

/** What a server refuses with while it loads its data, or its cluster finds out who is whose master; beside that, while others have all of its connections. */
const passing = new Set(['LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'READONLY']);

/** What the client itself throws where a server does not answer. They have no names of their own, and TimeoutError has no message. */
const silent = [
  ...[ConnectionTimeoutError, SocketTimeoutError, SocketClosedUnexpectedlyError, TimeoutError],
  ...[ClientClosedError, ClientOfflineError, DisconnectsClientError, RootNodesUnavailableError],
];

/** Everything that the client throws. */
export const redisProblem: Mapping = (error) => {
  if (!(error instanceof Error)) return undefined;
  const code = connectionCode(error);
  if (isCertificateCode(code)) {
    return { type: 'CertificateRejected', message: `Redis: ${code}`, ...(code ? { code } : {}) };
  }
  const told = withoutArguments(error.message);
  if (told !== error.message) return { type: 'Unexpected', message: `Redis: ${told}` };
  const [word = ''] = error.message.split(' ');
  if (['WRONGPASS', 'NOAUTH'].includes(word)) {
    return { type: 'CacheLoginRejected', message: 'Redis does not take the access key', code: word };
  }
  if (passing.has(word) || error.message.startsWith('ERR max number of clients'))
    return { type: 'CacheUnreachable', message: `Redis refuses for now: ${error.message}` };
  const known =
    code ?? (silent.some((one) => error instanceof one) ? error.message || error.constructor.name : undefined);
  return known === undefined ? undefined : { type: 'CacheUnreachable', message: `Redis does not answer: ${known}` };
};
