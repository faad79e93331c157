/** `kubectl logs`: a container's output from its file. Lines have no times of their own, so `--timestamps` and `--since` are not kept. */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Slot } from './slot';

const followEveryMs = 200;

export async function sendLogs(slot: Slot, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const file = query.get('previous') === 'true' ? slot.previousLog : slot.current?.logFile;
  if (!file || !existsSync(file)) {
    response.writeHead(400).end(`container "${slot.spec.name}" has no such run\n`);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain' });
  let at = startOf(file, query.get('tailLines'));
  const follows = query.get('follow') === 'true';
  const run = slot.current;
  for (;;) {
    const ended = !run?.running || slot.current !== run;
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? at;
    if (size > at) {
      for await (const part of createReadStream(file, { start: at, end: size - 1 })) response.write(part);
      at = size;
    }
    if (!follows || ended || response.destroyed) break;
    await sleep(followEveryMs);
  }
  response.end();
}

function startOf(file: string, tailLines: string | null): number {
  if (tailLines === null) return 0;
  const content = readFileSync(file);
  let at = content.at(-1) === 10 ? content.length - 1 : content.length;
  for (let lines = Number(tailLines); lines > 0 && at >= 0; lines--) at = content.lastIndexOf(10, at - 1);
  return Number(tailLines) === 0 ? content.length : Math.max(0, at + 1);
}
