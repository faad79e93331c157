/** What the Redis client throws → failure type (catalogue/failure-types.ts). */
import { connectionCode, isCertificateCode, type Mapping } from '../failures';

/** A server that does not know a command repeats all of it, and a login is a command. */
export function withoutArguments(message: string): string {
  return message.split(', with args beginning with', 1)[0]!;
}

/** What a server refuses with while it loads its data, or its cluster finds out who is whose master. */
const passing = new Set(['LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'READONLY']);

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
  const known = code ?? (/socket|timeout|closed|connection/i.test(`${error.name} ${error.message}`) ? word : undefined);
  if (passing.has(word)) return { type: 'CacheUnreachable', message: `Redis refuses for now: ${error.message}` };
  if (known === undefined) return undefined;
  return { type: 'CacheUnreachable', message: `Redis does not answer: ${code ?? error.message}` };
};
