/**
 * What stands at a Service's address: takes connections and hands each to the next ready pod in turn. A pod that leaves
 * gets no new connection; those it has stay until either side ends them.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Backend {
  address: string;
  port: number;
}

export class Balancer {
  backends: Backend[] = [];
  private next = 0;
  private readonly server: Server;
  private readonly open = new Set<Socket>();

  private constructor(
    readonly address: string,
    readonly port: number,
  ) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.serve(client));
  }

  /** Throws when the address is taken. */
  static listen(address: string, port: number): Promise<Balancer> {
    const balancer = new Balancer(address, port);
    return new Promise((resolve, reject) => {
      balancer.server.once('error', reject);
      balancer.server.listen(port, address, () => resolve(balancer));
    });
  }

  close(): void {
    this.server.close();
    for (const socket of this.open) socket.destroy();
  }

  private serve(client: Socket): void {
    const backend = this.backends[this.next++ % this.backends.length];
    // As a real cluster refuses where no pod is ready.
    if (!backend) return void client.resetAndDestroy();
    const server = connect({ host: backend.address, port: backend.port, allowHalfOpen: true, noDelay: true });
    for (const socket of [client, server]) {
      this.open.add(socket);
      socket.once('close', () => this.open.delete(socket));
    }
    client.on('error', () => server.destroy());
    server.on('error', () => client.resetAndDestroy());
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
    client.pipe(server);
    server.pipe(client);
  }
}
