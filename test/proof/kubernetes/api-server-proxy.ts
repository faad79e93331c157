/**
 * Between one player's worker and the API server: what the worker's kubeconfig leads to.
 *
 * 1. A request is read to its end, told to the player, and waits for what the player does about it.
 * 2. A fault that is armed answers in the API server's place, or makes the proxy refuse connections for a while.
 * 3. Otherwise it is passed on, with the worker's own credentials, whether the worker still waits or not; the answer is noted
 *    before it is passed back, or dropped.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from '../../../lab/authority/authority';
import type { KubernetesFault } from '../harness/case';
import type { Arrival } from '../harness/request';
import { type ApiRequest, arrivalAtKubernetes } from '../systems/kubernetes';
import { ApiFaults, type ArmedApiFault, refusalOf } from './api-faults';

const idleMs = 5000;

interface Upstream {
  server: string;
  /** PEM. */
  certificateAuthority: string;
}

export class ApiServerProxy {
  /** Called when a request has arrived; it is answered when that resolves. */
  onRequest: (arrival: Arrival) => Promise<void> = () => Promise.resolve();
  private readonly faults = new ApiFaults();
  private readonly agent: Agent;
  private upAgain: NodeJS.Timeout | undefined;

  private constructor(
    private readonly listener: Server,
    private readonly upstream: Upstream,
    private readonly address: { host: string; port: number },
  ) {
    // Not kept for as long as the other side keeps it (90 s): one that is used again is not just being closed.
    this.agent = new Agent({ ca: upstream.certificateAuthority, keepAlive: true, timeout: idleMs });
    listener.on('request', (asked: IncomingMessage, answer: ServerResponse) => {
      this.serve(asked, answer).catch(() => answer.destroy());
    });
  }

  static async start(host: string, { certificate, key }: Certificate, upstream: Upstream): Promise<ApiServerProxy> {
    const listener = createServer({ cert: certificate, key }).listen(0, host);
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    return new ApiServerProxy(listener, upstream, { host, port });
  }

  get url(): string {
    return `https://${this.address.host}:${this.address.port}`;
  }

  arm(fault: KubernetesFault): ArmedApiFault {
    return this.faults.arm(fault);
  }

  /** Nothing goes wrong any more. */
  clear(): void {
    this.faults.clear();
    this.comeUp();
  }

  stop(): void {
    clearTimeout(this.upAgain);
    this.listener.close();
    this.listener.closeAllConnections();
    this.agent.destroy();
  }

  private async serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const text = (await read(asked)).toString('utf8');
    const { pathname, search } = new URL(asked.url ?? '/', this.url);
    const logged: ApiRequest = {
      ...{ at: Date.now(), method: asked.method ?? 'GET', path: pathname, query: search },
      ...(text !== '' && { body: parsed(text) }),
      userAgent: asked.headers['user-agent'] ?? '',
    };
    const arrival = arrivalAtKubernetes(logged);
    await this.onRequest(arrival);
    const fault = this.faults.strike(arrival.isMutation);
    if (fault) logged.fault = fault.name;
    if (fault?.name === 'down') return this.goDown(fault);
    const refusal = fault && refusalOf(fault);
    if (refusal) {
      Object.assign(logged, { status: refusal.status, answeredAt: Date.now() });
      answer.writeHead(refusal.status, refusal.headers).end(JSON.stringify(refusal.body));
      return;
    }
    await this.passOn(asked, text, logged, answer);
  }

  private async passOn(
    asked: IncomingMessage,
    text: string,
    logged: ApiRequest,
    answer: ServerResponse,
  ): Promise<void> {
    const { host: _ours, connection: _hop, ...headers } = asked.headers;
    const sent = request(new URL(asked.url ?? '/', this.upstream.server), {
      ...{ method: asked.method, headers, agent: this.agent },
    });
    sent.end(text);
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    const auditId = reply.headers['audit-id'];
    Object.assign(logged, { status: reply.statusCode, ...(typeof auditId === 'string' && { auditId }) });
    const body = await read(reply);
    logged.answeredAt = Date.now();
    if (logged.fault === 'lost-response') answer.destroy();
    else answer.writeHead(reply.statusCode!, reply.headers).end(body);
  }

  /** As an API server that has ended: no connection stays, and none is taken. */
  private goDown({ options: { seconds = 1 } }: ArmedApiFault): void {
    this.listener.close();
    this.listener.closeAllConnections();
    clearTimeout(this.upAgain);
    this.upAgain = setTimeout(() => this.comeUp(), seconds * 1000);
  }

  private comeUp(): void {
    clearTimeout(this.upAgain);
    const { host, port } = this.address;
    if (!this.listener.listening) this.listener.listen(port, host);
  }
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** A patch may be sent as YAML, which JSON is too. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
