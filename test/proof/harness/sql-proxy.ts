/** Between the workers and a PostgreSQL server: counts their connections, each before it is let through. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { postgresPort } from '../../../lab/addresses/network';

/** On the server's own address, which is what its certificate is for. */
export const sqlProxyPort = 6543;

export class SqlProxy {
  private constructor(
    private readonly server: Server,
    private readonly open: Set<Socket>,
    readonly listening: Promise<unknown>,
  ) {}

  static listen(host: string, onConnection: () => void): SqlProxy {
    const open = new Set<Socket>();
    const server = createServer((client) => {
      onConnection();
      const upstream = connect(postgresPort, host);
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        open.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          open.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    }).listen(sqlProxyPort, host);
    return new SqlProxy(server, open, once(server, 'listening'));
  }

  stop(): void {
    this.server.close();
    for (const socket of this.open) socket.destroy();
  }
}
