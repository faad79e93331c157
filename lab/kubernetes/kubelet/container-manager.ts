/**
 * What is next for one container of a pod: its image pulled, a run started, another one after the back-off, changed
 * resources given to the run in place; and what follows from its end and its probes.
 */
import type { Pod } from '../api/objects';
import { clusterPorts } from '../layout';
import { Container } from './container';
import { containerStart } from './container-start';
import { limitCpu, makeCpuGroup } from './cpu-limits';
import { ConfigurationError, type PodPlace, resolveEnvironment } from './environment';
import { runIn } from './exec';
import type { ProbeTarget } from './probe';
import { quantity } from '../../../catalogue';
import { decideRestart } from './restarts';
import type { Runtime } from './runtime';
import type { Slot } from './slot';
import { endContainer } from './termination';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** The pod that the containers are of. */
export interface ManagedPod {
  readonly pod: Pod;
  /** Both are there before a container is started. */
  readonly place: PodPlace | undefined;
  readonly volumes: Map<string, string> | undefined;
  readonly terminating: boolean;
  /** A container has ended, or its readiness has changed. */
  containerChanged(): void;
}

const defaultGraceSeconds = 30;
/** Kubernetes' own: doubled each time, up to five minutes. */
const firstPullDelayMs = 10_000;
const longestPullDelayMs = 300_000;
/** For so long the reason of a failed pull is the error, then the back-off. */
const pullErrorShownMs = 1_000;

export class ContainerManager {
  constructor(
    private readonly owner: ManagedPod,
    private readonly runtime: Runtime,
  ) {}

  /** Done at each look: does what is next, if anything is. */
  ensure(slot: Slot, policy: RestartPolicy): void {
    const { current } = slot;
    if (current?.running) return this.resize(slot);
    if (current?.end) {
      const { exitCode, finishedAt } = current.end;
      const delayMs = slot.restartDelayMs ?? 0;
      const decision = decideRestart(policy, { exitCode, delayMs, finishedAt: Date.parse(finishedAt) }, Date.now());
      if (decision.what === 'never') return;
      if (decision.what === 'wait') return this.backOff(slot, delayMs);
    }
    this.start(slot);
  }

  /** From a run's start, or from when it was found running, until its end. */
  watch(slot: Slot, container: Container): void {
    void container.ended.then(() => {
      slot.noteEnd(container);
      this.owner.containerChanged();
    });
    slot.startProbes(
      this.target(slot),
      () => this.owner.containerChanged(),
      (message) => {
        if (!container.running || this.owner.terminating) return;
        this.tell('Warning', 'Unhealthy', message);
        slot.stopProbes();
        void endContainer(container, slot.spec, this.target(slot), this.graceSeconds);
      },
    );
  }

  /** Ends the run gracefully. */
  async end(slot: Slot, graceSeconds: number): Promise<void> {
    if (slot.current?.running) await endContainer(slot.current, slot.spec, this.target(slot), graceSeconds);
  }

  private start(slot: Slot): void {
    const { spec } = slot;
    const image = Date.now() < slot.pullAfter ? undefined : this.runtime.pull(spec.image);
    if (!image) return this.missImage(slot);
    try {
      const { layout, environment } = this.prepare(slot, image);
      const attempt = slot.current ? slot.current.record.attempt + 1 : 0;
      const name = `${this.owner.pod.metadata.uid}-${spec.name}-${attempt}`;
      const cpuGroup = makeCpuGroup(this.runtime.layout.labName, name, cores(slot));
      slot.begin(Container.start(slot.nextFolder, attempt, layout, environment, cpuGroup));
      slot.waiting = { reason: 'ContainerCreating' };
      this.watch(slot, slot.current!);
      this.tell('Normal', 'Started', `Started container ${spec.name}${attempt > 0 ? `, restart ${attempt}` : ''}`);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      slot.waiting = { reason: 'CreateContainerConfigError', message: error.message };
      this.tell('Warning', 'Failed', `Error: ${error.message}`);
    }
  }

  /** Throws a ConfigurationError when something that the container needs is missing. */
  private prepare({ spec }: Slot, image: Parameters<typeof containerStart>[1]): ReturnType<typeof containerStart> {
    const { pod, place, volumes } = this.owner;
    const namespace = pod.metadata.namespace ?? 'default';
    const sources = this.runtime.sources(namespace, pod.spec.serviceAccountName ?? 'default');
    return containerStart(spec, image, {
      ...{ pod, podIP: place!.podIP, volumes: volumes! },
      hostsFile: this.runtime.hostsFile(namespace),
      environment: resolveEnvironment(spec, pod, place!, sources),
      apiServer: { host: this.runtime.layout.host, port: clusterPorts.apiServer },
    });
  }

  private backOff(slot: Slot, delayMs: number): void {
    const { name } = slot.spec;
    const message = `back-off ${delayMs / 1000}s restarting failed container=${name} pod=${this.owner.pod.metadata.name}`;
    slot.waiting = { reason: 'CrashLoopBackOff', message };
    this.tell('Warning', 'BackOff', `Back-off restarting failed container ${name}`);
  }

  private missImage(slot: Slot): void {
    const { image, name } = slot.spec;
    if (Date.now() < slot.pullAfter) {
      if (Date.now() < slot.pullAfter - slot.pullDelayMs + pullErrorShownMs) return;
      slot.waiting = { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` };
      return this.tell('Normal', 'BackOff', `Back-off pulling image "${image}"`);
    }
    slot.pullDelayMs = Math.min(slot.pullDelayMs * 2 || firstPullDelayMs, longestPullDelayMs);
    slot.pullAfter = Date.now() + slot.pullDelayMs;
    slot.waiting = { reason: 'ErrImagePull', message: `image "${image}" of container ${name} is not in the registry` };
    this.tell('Warning', 'Failed', `Failed to pull image "${image}": not found`);
  }

  /** Memory is watched by what the slot says; a run that must restart for it is ended, and started again by its policy. */
  private resize(slot: Slot): void {
    if (JSON.stringify(slot.resources) === JSON.stringify(slot.spec.resources)) return;
    const restart = slot.spec.resizePolicy?.some(({ resourceName, restartPolicy }) => {
      const of = (resources: Slot['resources']) =>
        JSON.stringify([resources?.limits?.[resourceName], resources?.requests?.[resourceName]]);
      return restartPolicy === 'RestartContainer' && of(slot.resources) !== of(slot.spec.resources);
    });
    slot.resources = slot.spec.resources;
    const { cpuGroup } = slot.current!.record;
    if (cpuGroup) limitCpu(cpuGroup, cores(slot));
    if (restart) void this.end(slot, this.graceSeconds);
  }

  private target(slot: Slot): ProbeTarget {
    return {
      address: this.owner.place!.podIP,
      spec: slot.spec,
      exec: (command, deadlineMs) => runIn(slot.current!, command, deadlineMs),
    };
  }

  private get graceSeconds(): number {
    return this.owner.pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
  }

  private tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.runtime.events.tell(this.owner.pod, type, reason, message);
  }
}

/** Undefined where there is no limit. */
function cores({ spec }: Slot): number | undefined {
  const limit = spec.resources?.limits?.cpu;
  return limit === undefined ? undefined : quantity(limit);
}
