/**
 * Kubernetes' API over HTTPS, as much of it as the lab's own parts need: JSON in, JSON out, and watches.
 * It has no retries: who calls it does the same work again at its next round.
 */
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { type ClusterUser, kubeconfigFile, readKubeconfig } from '../control/credentials';
import type { ClusterLayout } from '../layout';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const requestDeadlineMs = 30_000;
/** The API server closes a connection that was idle for 90 s: one that is used again is not just being closed. */
const idleMs = 30_000;

/** What the API server refused: `code` is HTTP's. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export const isNotFound = (error: unknown) => error instanceof ApiError && error.code === 404;
export const isConflict = (error: unknown) => error instanceof ApiError && error.code === 409;

export class Api {
  private readonly agent: Agent;

  private constructor(
    private readonly server: URL,
    private readonly token: string,
    private readonly userAgent: string,
    certificateAuthority: string,
  ) {
    this.agent = new Agent({ keepAlive: true, ca: certificateAuthority, maxSockets: 32, timeout: idleMs });
  }

  /** `userAgent` is told in the audit log. */
  static of(layout: ClusterLayout, user: ClusterUser, userAgent = `lab-${user}`): Api {
    const { server, token, certificateAuthority } = readKubeconfig(kubeconfigFile(layout, user));
    return new Api(new URL(server), token, userAgent, certificateAuthority);
  }

  /** True when every part of the API server says so. */
  async ready(): Promise<boolean> {
    await this.send('GET', '/readyz');
    return true;
  }

  get<T>(path: string): Promise<T> {
    return this.json('GET', path);
  }

  create<T>(path: string, body: object): Promise<T> {
    return this.json('POST', path, body);
  }

  replace<T>(path: string, body: object): Promise<T> {
    return this.json('PUT', path, body);
  }

  /** By JSON Merge Patch (RFC 7386): a list is replaced as a whole. */
  merge<T>(path: string, body: object): Promise<T> {
    return this.json('PATCH', path, body, 'application/merge-patch+json');
  }

  /** By server-side apply, as the field manager `lab`. */
  apply<T>(path: string, body: object): Promise<T> {
    return this.json('PATCH', `${path}?fieldManager=lab&force=true`, body, 'application/apply-patch+yaml');
  }

  delete(path: string, body?: object): Promise<unknown> {
    return this.json('DELETE', path, body);
  }

  /** An answer without end, for a watch. Throws when it is refused. */
  stream(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return this.open('GET', path, { signal });
  }

  close(): void {
    this.agent.destroy();
  }

  private async json<T>(method: Method, path: string, body?: object, contentType?: string): Promise<T> {
    return JSON.parse(await this.send(method, path, body, contentType)) as T;
  }

  private async send(method: Method, path: string, body?: object, contentType = 'application/json'): Promise<string> {
    const signal = AbortSignal.timeout(requestDeadlineMs);
    return read(await this.open(method, path, { signal }, body && { text: JSON.stringify(body), contentType }));
  }

  private open(
    method: Method,
    path: string,
    options: RequestOptions,
    body?: { text: string; contentType: string },
  ): Promise<IncomingMessage> {
    const headers = {
      authorization: `Bearer ${this.token}`,
      accept: 'application/json',
      'user-agent': this.userAgent,
      ...(body && { 'content-type': body.contentType, 'content-length': Buffer.byteLength(body.text) }),
    };
    const { hostname: host, port } = this.server;
    return new Promise((resolve, reject) => {
      const asked = request({ ...options, host, port, path, method, headers, agent: this.agent }, (answer) => {
        if (answer.statusCode! < 300) return resolve(answer);
        read(answer).then((text) => reject(refusal(answer.statusCode!, text)), reject);
      });
      asked.on('error', reject);
      asked.end(body?.text);
    });
  }
}

async function read(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** Kubernetes answers with a Status object, mostly. */
function refusal(code: number, text: string): ApiError {
  try {
    return new ApiError(code, (JSON.parse(text) as { message: string }).message);
  } catch {
    return new ApiError(code, text);
  }
}
