/**
 * Before the API server, on the worker's way to it: everything passes, but a request that is waited for is held, so that a
 * test knows exactly where a run is.
 */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Authority } from '../../../lab/authority/authority';
import { readKubeconfig } from '../../../lab/kubernetes/control/credentials';
import { ClusterLayout } from '../../../lab/kubernetes/layout';
import type { Lab } from '../../../lab/lab';

interface Hold {
  method: string;
  path: RegExp;
  arrived: (release: () => void) => void;
}

export class ApiServerGate {
  private holds: Hold[] = [];

  private constructor(
    private readonly listener: Server,
    private readonly upstream: { server: string; certificateAuthority: string },
    /** For the worker. */
    readonly kubeconfigFile: string,
  ) {
    listener.on('request', (asked: IncomingMessage, answer: ServerResponse) => {
      this.serve(asked, answer).catch(() => answer.destroy());
    });
  }

  static async open(lab: Lab): Promise<ApiServerGate> {
    const layout = new ClusterLayout(lab);
    const upstream = readKubeconfig(layout.kubeconfig);
    const { certificate, key } = await (await Authority.open(lab.authorityFolder)).issue([layout.host]);
    const listener = createServer({ cert: certificate, key }).listen(0, layout.host);
    await once(listener, 'listening');
    const address = `https://${layout.host}:${(listener.address() as AddressInfo).port}`;
    const file = lab.path('gate.kubeconfig');
    const kubeconfig = await readFile(layout.kubeconfig, 'utf8');
    await writeFile(file, kubeconfig.replace(upstream.server, address), { mode: 0o600 });
    return new ApiServerGate(listener, upstream, file);
  }

  close(): void {
    this.listener.close();
    this.listener.closeAllConnections();
  }

  /** The next such request waits; resolves, when it has come, to what lets it pass. */
  hold(method: string, path: RegExp): Promise<() => void> {
    return new Promise((arrived) => this.holds.push({ method, path, arrived }));
  }

  private async serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = Buffer.concat((await asked.toArray()) as Buffer[]);
    const found = this.holds.find(({ method, path }) => asked.method === method && path.test(asked.url!));
    if (found) {
      this.holds = this.holds.filter((hold) => hold !== found);
      await new Promise<void>((release) => found.arrived(release));
    }
    // Whoever asked may have died meanwhile: as with a request that never left its machine.
    if (answer.destroyed) return;
    const { server, certificateAuthority: ca } = this.upstream;
    const { host: _own, connection: _hop, ...headers } = asked.headers;
    const sent = request(new URL(asked.url!, server), { method: asked.method, headers, ca, agent: false }).end(body);
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    answer.writeHead(reply.statusCode!, reply.headers);
    reply.pipe(answer);
  }
}
