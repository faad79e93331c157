/**
 * What the HTTP services have in common: they listen on the pod's address, count what they answer, and on SIGTERM take no
 * new connection, answer what is under way, and end. A client that keeps its connection is told with the next answer that
 * it ends: closed without a word, it might just be sending a request.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Service {
  port: number;
  /** By path. */
  routes: Record<string, Route>;
  /** What is to be ended after the last answer. */
  close?: () => Promise<void>;
}

/** How long such a client has for its next request. */
const farewellMs = 2_000;

const counts = new Map<string, number>();

export function serve({ port, routes, close }: Service): void {
  let stopping = false;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://service');
    if (stopping) response.setHeader('connection', 'close');
    // Probes and scrapes are no traffic.
    if (pathname !== '/metrics' && !request.headers['user-agent']?.startsWith('kube-probe'))
      response.once('finish', () => count(String(response.statusCode)));
    const route = pathname === '/metrics' ? metrics : (routes[pathname] ?? notFound);
    Promise.resolve(route(request, response)).catch((error: Error) => {
      console.error(`${new Date().toISOString()} ${pathname}: ${error.message}`);
      if (!response.headersSent) sendJson(response, 503, { error: 'a part of the service does not answer' });
      else response.destroy();
    });
  });
  server.listen(port, process.env.POD_ADDRESS, () => console.log(`${new Date().toISOString()} listening on ${port}`));
  process.once('SIGTERM', () => {
    stopping = true;
    console.log(`${new Date().toISOString()} draining`);
    const end = () => server.close(() => void (close?.() ?? Promise.resolve()).finally(() => process.exit(0)));
    setTimeout(end, farewellMs);
  });
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function count(status: string): void {
  counts.set(status, (counts.get(status) ?? 0) + 1);
}

/** In Prometheus' text format. */
const metrics: Route = (_request, response) => {
  const lines = [...counts].map(([status, value]) => `http_requests_total{status="${status}"} ${value}`);
  const text = ['# TYPE http_requests_total counter', ...lines, ''].join('\n');
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
};

const notFound: Route = (_request, response) => sendJson(response, 404, { error: 'not found' });
