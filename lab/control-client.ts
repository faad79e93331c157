/** Asks the daemon. */
import { request } from 'node:http';
import type { Lab } from './lab';

/** Throws with the daemon's own words when it refuses, and with what to do when it does not answer. */
export function askDaemon<T = void>(
  lab: Lab,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const text = body && JSON.stringify(body);
    const headers = text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {};
    const asked = request({ socketPath: lab.controlSocket, method, path, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => {
        const value = parse(Buffer.concat(parts).toString('utf8'));
        if (answer.statusCode! < 300) resolve(value as T);
        else
          reject(
            new Error(
              (value as { message?: string } | undefined)?.message ?? `the lab's daemon answered ${answer.statusCode}`,
            ),
          );
      });
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      const away = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      reject(
        away
          ? new Error(`the daemon of lab "${lab.name}" does not answer (${lab.controlSocket}): \`lab up\` starts it`)
          : error,
      );
    });
    asked.end(text);
  });
}

function parse(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}
