import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Asks whether anybody accepts connections at an address. The answer is undefined, or why not, in a few words. */
export function whyUnreachable(
  host: string,
  port: number,
  { tls, deadlineMs = 3000 }: { tls?: { ca?: string[] }; deadlineMs?: number } = {},
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // TLS takes no address for a server's name (RFC 6066).
    const servername = isIP(host) === 0 ? host : undefined;
    const socket = tls === undefined ? connectTcp({ host, port }) : connectTls({ host, port, servername, ca: tls.ca });
    const answer = (why?: string) => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(deadlineMs, () => answer(`no answer within ${deadlineMs / 1000} s`));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      answer(words[error.code ?? ''] ?? error.code ?? error.message),
    );
    socket.on(tls === undefined ? 'connect' : 'secureConnect', () => answer());
  });
}

const words: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved',
  ECONNRESET: 'the connection was closed',
};
