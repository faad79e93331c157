/**
 * One container of a pod over all its runs: which run it is in, how the last one ended, what its probes say, when it may
 * be started again.
 */
import { join } from 'node:path';
import type { Container as ContainerSpec, ContainerState, ContainerStatus, Resources } from '../api/objects';
import { Container } from './container';
import { ProbeRunner, type ProbeTarget } from './probe';
import { nextDelay } from './restarts';
import { runFolders } from './runs';

export class Slot {
  current: Container | undefined;
  ready = false;
  started = false;
  waiting: { reason: string; message?: string } = { reason: 'ContainerCreating' };
  /** What it runs with, which is what the spec says once a resize is done. */
  resources: Resources | undefined;
  /** Undefined before the first end. */
  restartDelayMs: number | undefined;
  /** After an image was not found: not before this time, and how long to wait the next time. */
  pullAfter = 0;
  pullDelayMs = 0;
  private probes: ProbeRunner[] = [];
  private last: ContainerState = {};

  constructor(
    readonly spec: ContainerSpec,
    /** A folder for each run, numbered. */
    readonly folder: string,
  ) {
    this.resources = spec.resources;
  }

  /** Takes over what an earlier kubelet has started, as ready as it last said. */
  adopt(told: ContainerStatus | undefined): void {
    const [previous, latest] = runFolders(this.folder)
      .slice(-2)
      .map((run) => Container.adopt(run));
    this.current = latest ?? previous;
    if (this.current && told?.restartCount === this.restartCount) this.ready = told.ready;
    if (previous && latest) void previous.ended.then(() => (this.last = terminated(previous)));
  }

  /** The run before this one is over. */
  begin(container: Container): void {
    if (this.current) this.last = terminated(this.current);
    this.current = container;
    this.resources = this.spec.resources;
  }

  /** Called once for each run that has ended. */
  noteEnd(container: Container): void {
    this.stopProbes();
    this.ready = false;
    this.started = false;
    const ran = Date.parse(container.end!.finishedAt) - Date.parse(container.record.startedAt);
    this.restartDelayMs = nextDelay(this.restartDelayMs, ran);
  }

  get restartCount(): number {
    return this.current?.record.attempt ?? 0;
  }

  get nextFolder(): string {
    return join(this.folder, String(this.current ? this.current.record.attempt + 1 : 0));
  }

  get previousLog(): string | undefined {
    return this.restartCount > 0 ? join(this.folder, String(this.restartCount - 1), 'log') : undefined;
  }

  /** Liveness and readiness begin once the start-up probe has passed. `failed` is called when the container must go. */
  startProbes(target: ProbeTarget, changed: () => void, failed: (message: string) => void): void {
    const { startupProbe, livenessProbe, readinessProbe } = this.spec;
    const rest = () => {
      this.started = true;
      this.ready ||= readinessProbe === undefined;
      if (livenessProbe)
        this.run(livenessProbe, target, (healthy, message) => healthy || failed(`Liveness probe failed: ${message}`));
      if (readinessProbe)
        this.run(readinessProbe, target, (healthy) => {
          this.ready = healthy;
          changed();
        });
      changed();
    };
    if (!startupProbe) return rest();
    this.run(startupProbe, target, (healthy, message) => {
      this.stopProbes();
      if (healthy) rest();
      else failed(`Startup probe failed: ${message}`);
    });
  }

  stopProbes(): void {
    for (const probe of this.probes) probe.stop();
    this.probes = [];
  }

  status(): ContainerStatus {
    const { current, spec } = this;
    const running = current?.running === true;
    return {
      ...{ name: spec.name, image: spec.image, imageID: current ? spec.image : '' },
      ...(current && { containerID: current.id }),
      ...{ ready: this.ready && running, started: this.started && running, restartCount: this.restartCount },
      state: this.state(),
      lastState: this.lastState(),
      ...(running && { resources: this.resources ?? {}, allocatedResources: this.resources?.requests ?? {} }),
    };
  }

  private state(): ContainerState {
    const { current } = this;
    if (!current) return { waiting: this.waiting };
    if (current.running) return { running: { startedAt: current.record.startedAt } };
    return this.waiting.reason === 'ContainerCreating' ? terminated(current) : { waiting: this.waiting };
  }

  /** While it waits, the run before is what the current one was. */
  private lastState(): ContainerState {
    const { current } = this;
    const waits = current && !current.running && this.waiting.reason !== 'ContainerCreating';
    return waits ? terminated(current) : this.last;
  }

  private run(
    probe: NonNullable<ContainerSpec['livenessProbe']>,
    target: ProbeTarget,
    changed: (healthy: boolean, message: string) => void,
  ): void {
    this.probes.push(new ProbeRunner(probe, target, changed));
  }
}

function terminated(container: Container): ContainerState {
  const { end, record, id, killReason } = container;
  if (!end) return {};
  const reason = killReason ?? (end.exitCode === 0 ? 'Completed' : 'Error');
  return {
    terminated: {
      ...{ exitCode: end.exitCode, reason, startedAt: record.startedAt },
      ...{ finishedAt: end.finishedAt, containerID: id },
    },
  };
}
