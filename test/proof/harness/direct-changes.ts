/**
 * What a worker changes past Azure and the API server, on connections that it has: by PgBouncer's console, by the leases of its pods,
 * by the statements that shut a server and open one. Before it sends each it asks the proof, and stands still until it is answered: a
 * worker that dies at the n-th has not sent it. Production knows nothing of that: Node announces requests, and statements pass one place.
 */
import { subscribe } from 'node:diagnostics_channel';
import { readSync, writeSync } from 'node:fs';
import { Client } from 'pg';

/** Of the worker's process: a socket, for a byte each way. */
export const directDescriptor = 4;

const statements = /^(PAUSE|RELOAD|RESUME)\b|\bALTER ROLE\b|\bpg_(terminate_backend|logical_emit_message)\(/;

/** Pure. */
export function isDirectChange(statement: string): boolean {
  return statements.test(statement);
}

/** Pure. */
export function isLeaseChange({ method, path }: { method: string; path: string }): boolean {
  return method === 'PUT' && path === '/lease';
}

/** In the worker. Where the proof is gone, nothing is waited for. */
export function askBeforeDirectChanges(): void {
  const ask = () => {
    writeSync(directDescriptor, '?');
    readSync(directDescriptor, Buffer.alloc(1));
  };
  const { query } = Client.prototype as unknown as { query(this: Client, ...given: unknown[]): unknown };
  Object.assign(Client.prototype, {
    query(this: Client, ...given: unknown[]) {
      const [asked] = given as [string | { text?: string }];
      if (isDirectChange(typeof asked === 'string' ? asked : (asked.text ?? ''))) ask();
      return query.apply(this, given);
    },
  });
  subscribe('undici:request:create', (message) => {
    if (isLeaseChange((message as { request: Parameters<typeof isLeaseChange>[0] }).request)) ask();
  });
}
