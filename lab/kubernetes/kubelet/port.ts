/** The kubelet's port on each node, for the API server: logs and exec. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { WebSocketServer } from 'ws';
import type { Authority } from '../../authority/authority';
import { type ClusterLayout, clusterPorts, nodes } from '../layout';
import { execProtocol, streamExec } from './exec-stream';
import { sendLogs } from './logs';
import type { Slot } from './slot';
import { serveApiServer } from './tls-server';

/** Undefined when there is no such container. */
export type FindSlot = (namespace: string, pod: string, container: string) => Slot | undefined;

export async function serveKubeletPorts(
  layout: ClusterLayout,
  authority: Authority,
  find: FindSlot,
): Promise<Server[]> {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.has(execProtocol) && execProtocol,
  });
  return Promise.all(
    nodes.map(async (node) => {
      const place = { host: layout.nodeAddress(node), port: clusterPorts.kubelet };
      const server = await serveApiServer(place, layout, authority, (request, response) =>
        answer(request, response, find),
      );
      server.on('upgrade', (request, socket, head) => {
        const { action, slot, query } = parse(request, find);
        const container = slot?.current;
        if (action !== 'exec' || !container?.running) {
          socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
          return;
        }
        sockets.handleUpgrade(request, socket, head, (opened) => {
          streamExec(opened, container, query).catch((error: Error) => opened.close(1011, error.message.slice(0, 100)));
        });
      });
      return server;
    }),
  );
}

function answer(request: IncomingMessage, response: ServerResponse, find: FindSlot): void {
  const { action, slot, query } = parse(request, find);
  if (action === 'containerLogs' && slot) {
    sendLogs(slot, query, response).catch((error: Error) => response.destroy(error));
    return;
  }
  response.writeHead(404).end('there is no such container, or this is not offered: logs and exec (by WebSocket) are\n');
}

/** `/containerLogs/NAMESPACE/POD/CONTAINER`, `/exec/NAMESPACE/POD/CONTAINER`. */
function parse(
  request: IncomingMessage,
  find: FindSlot,
): { action: string; slot: Slot | undefined; query: URLSearchParams } {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'https://kubelet');
  const [, action = '', namespace = '', pod = '', container = ''] = pathname.split('/');
  return { action, slot: find(namespace, pod, container), query };
}
