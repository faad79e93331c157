/** What each container uses, measured every second over its processes; and who uses more memory than it may. */
import type { Container } from './container';
import { ProcessTable } from './process-tree';

export interface Usage {
  /** Cores, over the window. */
  cpu: number;
  /** Resident. */
  bytes: number;
  windowSeconds: number;
  at: string;
}

interface Sample {
  at: number;
  cpuSeconds: number;
  bytes: number;
}

const sampleEveryMs = 1_000;
/** Short beside the autoscaler's period, long beside a hundredth of a second. */
const windowSamples = 6;

export class UsageMeter {
  private readonly samples = new Map<Container, Sample[]>();
  private readonly timer: NodeJS.Timeout;

  /** `running` are the containers, each with its limit in bytes, if it has one. */
  constructor(private readonly running: () => { container: Container; limitBytes: number | undefined }[]) {
    this.timer = setInterval(() => this.look(), sampleEveryMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Undefined until there are two samples. */
  usage(container: Container): Usage | undefined {
    const samples = this.samples.get(container) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || first === last) return undefined;
    const windowSeconds = (last.at - first.at) / 1000;
    return {
      ...{ cpu: Math.max(0, last.cpuSeconds - first.cpuSeconds) / windowSeconds, bytes: last.bytes, windowSeconds },
      at: new Date(last.at).toISOString(),
    };
  }

  private look(): void {
    const running = this.running();
    for (const container of this.samples.keys()) if (!container.running) this.samples.delete(container);
    if (running.length === 0) return;
    const table = ProcessTable.read();
    const at = Date.now();
    for (const { container, limitBytes } of running) {
      const pid = container.firstProcess;
      if (pid === undefined) continue;
      const use = table.use(pid);
      const samples = this.samples.get(container) ?? [];
      samples.push({ at, ...use });
      if (samples.length > windowSamples) samples.shift();
      this.samples.set(container, samples);
      if (limitBytes !== undefined && use.bytes > limitBytes) {
        container.killReason = 'OOMKilled';
        void container.signal('SIGKILL');
      }
    }
  }
}
