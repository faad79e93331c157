/** One probe of one container: asks at its pace, and tells when the answer has changed for good (successes or failures in a row). */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Container as ContainerSpec, Handler, Probe } from '../api/objects';

export interface ProbeTarget {
  address: string;
  spec: ContainerSpec;
  /** Runs a command in the container; its exit code. */
  exec(command: string[], deadlineMs: number): Promise<number>;
}

export interface ProbeAnswer {
  healthy: boolean;
  message: string;
}

/** Kubernetes' defaults (kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes). */
const defaults = {
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
};

export class ProbeRunner {
  private timer: NodeJS.Timeout | undefined;
  private inARow = 0;
  private last: boolean | undefined;
  private stopped = false;

  /** `changed` is called with true or false each time that a threshold is reached. */
  constructor(
    private readonly probe: Probe,
    private readonly target: ProbeTarget,
    private readonly changed: (healthy: boolean, message: string) => void,
  ) {
    this.timer = setTimeout(() => void this.ask(), (probe.initialDelaySeconds ?? 0) * 1000);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async ask(): Promise<void> {
    const { timeoutSeconds, periodSeconds, successThreshold, failureThreshold } = { ...defaults, ...this.probe };
    const { healthy, message } = await askOnce(this.probe, this.target, timeoutSeconds * 1000);
    if (this.stopped) return;
    this.inARow = healthy === this.last ? this.inARow + 1 : 1;
    this.last = healthy;
    if (this.inARow === (healthy ? successThreshold : failureThreshold)) this.changed(healthy, message);
    this.timer = setTimeout(() => void this.ask(), periodSeconds * 1000);
  }
}

/** Asks once; what goes wrong is an unhealthy answer. */
export async function askOnce(handler: Handler, target: ProbeTarget, deadlineMs: number): Promise<ProbeAnswer> {
  try {
    if (handler.exec) {
      const code = await target.exec(handler.exec.command, deadlineMs);
      return { healthy: code === 0, message: `command exited with ${code}` };
    }
    if (handler.httpGet) return await askHttp(handler.httpGet, target, deadlineMs);
    if (handler.tcpSocket) {
      await askTcp(handler.tcpSocket.host ?? target.address, portOf(handler.tcpSocket.port, target.spec), deadlineMs);
    }
    return { healthy: true, message: '' };
  } catch (error) {
    return { healthy: false, message: (error as Error).message };
  }
}

/** A port by its number, or by the name that the container gives it. Throws when it gives none. */
export function portOf(port: number | string, spec: ContainerSpec): number {
  if (typeof port === 'number') return port;
  const named = spec.ports?.find(({ name }) => name === port);
  if (!named) throw new Error(`container ${spec.name} has no port named ${port}`);
  return named.containerPort;
}

function askHttp(
  { path = '/', port, host, scheme, httpHeaders = [] }: NonNullable<Handler['httpGet']>,
  { address, spec }: ProbeTarget,
  deadlineMs: number,
): Promise<ProbeAnswer> {
  const request = scheme === 'HTTPS' ? httpsRequest : httpRequest;
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  const options = {
    ...{ host: host ?? address, port: portOf(port, spec), path, agent: false, rejectUnauthorized: false },
    ...{ headers: { 'user-agent': 'kube-probe/1.36', ...headers }, signal: AbortSignal.timeout(deadlineMs) },
  };
  return new Promise((resolve, reject) => {
    request(options, (answer) => {
      answer.resume();
      const status = answer.statusCode!;
      resolve({ healthy: status >= 200 && status < 400, message: `HTTP probe failed with statuscode: ${status}` });
    })
      .on('error', reject)
      .end();
  });
}

function askTcp(host: string, port: number, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: deadlineMs });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.once('error', reject);
  });
}
