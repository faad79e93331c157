/**
 * One pod, from the moment it is bound to a node until nothing of it is left. Each look does what is next, whatever came
 * before, so that a kubelet that is started again goes on from what it finds:
 *
 * 1. an address; 2. volumes; 3. init containers, one after the other; 4. the containers, each started again by its
 * policy; 5. changed resources in place; 6. the status, told when it has changed.
 *
 * A pod that is to go: preStop and SIGTERM for each container, SIGKILL after the grace period, then the object.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isNotFound } from '../api/api';
import type { Container as ContainerSpec, Pod, PodStatus } from '../api/objects';
import { ContainerManager, type ManagedPod, type RestartPolicy } from './container-manager';
import { ConfigurationError, type PodPlace } from './environment';
import { podStatus } from './pod-status';
import type { Runtime } from './runtime';
import { Slot } from './slot';
import { prepareVolumes } from './volumes';

const lookEveryMs = 1_000;
const defaultGraceSeconds = 30;

export class PodWorker implements ManagedPod {
  readonly initSlots: Slot[];
  readonly slots: Slot[];
  place: PodPlace | undefined;
  private readonly startedAt: string;
  volumes: Map<string, string> | undefined;
  /** Settles when nothing is written to its volumes any more. */
  private preparing: Promise<unknown> = Promise.resolve();
  private readonly containers: ContainerManager;
  private termination: Promise<void> | undefined;
  private gone = false;
  private looking: Promise<void> | undefined;
  private again = false;
  private told = '';
  private readonly timer: NodeJS.Timeout;

  constructor(
    public pod: Pod,
    private readonly runtime: Runtime,
    private readonly hostIP: string,
    /** Called when the pod's address or readiness may have changed, and when it is gone. */
    private readonly changed: () => void,
    private readonly finished: () => void,
  ) {
    const slot = (spec: ContainerSpec) => new Slot(spec, runtime.layout.containerFolder(pod.metadata.uid!, spec.name));
    this.containers = new ContainerManager(this, runtime);
    this.initSlots = (pod.spec.initContainers ?? []).map(slot);
    this.slots = pod.spec.containers.map(slot);
    this.startedAt = pod.status?.startTime ?? timestamp();
    if (pod.status?.podIP) this.place = { podIP: pod.status.podIP, hostIP };
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    for (const slot of [...this.initSlots, ...this.slots]) {
      slot.adopt(statuses.find(({ name }) => name === slot.spec.name));
      if (slot.current) this.containers.watch(slot, slot.current);
    }
    this.timer = setInterval(() => this.look(), lookEveryMs);
  }

  get folder(): string {
    return join(this.runtime.layout.podsFolder, this.pod.metadata.uid!);
  }

  get terminating(): boolean {
    return this.termination !== undefined;
  }

  get leaving(): boolean {
    return this.gone || this.pod.metadata.deletionTimestamp !== undefined;
  }

  get ready(): boolean {
    return !this.leaving && this.slots.every((slot) => slot.ready && slot.current?.running);
  }

  /** The object has changed. */
  update(pod: Pod): void {
    this.see(pod);
    const { initContainers = [], containers } = this.pod.spec;
    for (const slot of [...this.initSlots, ...this.slots]) {
      const spec = [...initContainers, ...containers].find(({ name }) => name === slot.spec.name);
      if (spec) Object.assign(slot.spec, { resources: spec.resources, image: spec.image });
    }
    this.containerChanged();
  }

  containerChanged(): void {
    this.changed();
    this.look();
  }

  /** The object is gone: what still runs goes at once. */
  removed(): void {
    if (this.gone) return;
    this.gone = true;
    this.termination ??= this.terminate(0);
    for (const slot of [...this.initSlots, ...this.slots]) void slot.current?.signal('SIGKILL');
  }

  /** The kubelet ends; the containers stay. */
  stop(): void {
    clearInterval(this.timer);
    for (const slot of [...this.initSlots, ...this.slots]) slot.stopProbes();
  }

  /** A Secret or ConfigMap has changed. */
  refreshVolumes(): void {
    if (!this.volumes || this.terminating) return;
    this.prepareVolumes().catch(() => undefined);
  }

  look(): void {
    this.again = true;
    this.looking ??= this.lookWhileNeeded().finally(() => (this.looking = undefined));
  }

  private async lookWhileNeeded(): Promise<void> {
    while (this.again) {
      this.again = false;
      try {
        await this.act();
        if (!this.gone) await this.tell();
      } catch (error) {
        console.error(`${timestamp()} pod ${this.pod.metadata.name}: ${(error as Error).message}`);
      }
    }
  }

  private async act(): Promise<void> {
    if (this.leaving)
      this.termination ??= this.terminate(this.pod.metadata.deletionGracePeriodSeconds ?? defaultGraceSeconds);
    if (this.terminating || isFinished(this.pod.status)) return;
    this.place ??= { podIP: this.runtime.takeAddress(), hostIP: this.hostIP };
    try {
      this.volumes ??= await this.prepareVolumes();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.runtime.events.tell(this.pod, 'Warning', 'FailedMount', error.message);
      return;
    }
    // It may have been deleted meanwhile: nothing is started that nobody would end.
    if (this.terminating) return;
    for (const slot of this.initSlots) {
      if (!isDone(slot)) this.containers.ensure(slot, this.initPolicy(slot));
      if (!isDone(slot) && !(slot.spec.restartPolicy === 'Always' && slot.started)) return;
    }
    for (const slot of this.slots) this.containers.ensure(slot, this.pod.spec.restartPolicy ?? 'Always');
  }

  private initPolicy({ spec }: Slot): RestartPolicy {
    return spec.restartPolicy ?? (this.pod.spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure');
  }

  private async prepareVolumes(): Promise<Map<string, string>> {
    const { namespace = 'default' } = this.pod.metadata;
    const sources = this.runtime.sources(namespace, this.pod.spec.serviceAccountName ?? 'default');
    // In turn, each with what there is by then: two at once would write the same files, and the older one might be the last.
    const prepared = this.preparing.then(() =>
      prepareVolumes(this.pod, this.place!, join(this.folder, 'volumes'), sources),
    );
    this.preparing = prepared.catch(() => undefined);
    return prepared;
  }

  private async terminate(graceSeconds: number): Promise<void> {
    this.changed();
    for (const slot of [...this.initSlots, ...this.slots]) slot.stopProbes();
    await Promise.all([...this.slots, ...this.initSlots].map((slot) => this.containers.end(slot, graceSeconds)));
    if (!this.gone) await this.tell().catch(() => undefined);
    await this.deleteObject();
    this.stop();
    if (this.place) this.runtime.releaseAddress(this.place.podIP);
    // What is just being written would be in the way, and come back.
    await this.preparing;
    await rm(this.folder, { recursive: true, force: true });
    this.finished();
  }

  private async deleteObject(): Promise<void> {
    const { namespace, name, uid } = this.pod.metadata;
    if (this.gone) return;
    this.gone = true;
    const options = { gracePeriodSeconds: 0, preconditions: { uid } };
    await this.runtime.api.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, options).catch((error: unknown) => {
      if (!isNotFound(error)) console.error(`${timestamp()} ${(error as Error).message}`);
    });
  }

  /** By the watch, or as the answer of a PATCH, whichever is later: one of them says that the pod is to leave. */
  private see(pod: Pod): void {
    if (versionOf(pod) >= versionOf(this.pod)) this.pod = pod;
  }

  private async tell(): Promise<void> {
    const status = podStatus({
      ...{ pod: this.pod, place: this.place, startedAt: this.startedAt, now: timestamp() },
      initContainers: this.initSlots.map((slot) => slot.status()),
      containers: this.slots.map((slot) => slot.status()),
    });
    const text = JSON.stringify(status);
    if (text === this.told) return;
    const { namespace, name, uid } = this.pod.metadata;
    try {
      const body = { metadata: { uid }, status };
      this.see(await this.runtime.api.merge<Pod>(`/api/v1/namespaces/${namespace}/pods/${name}/status`, body));
      this.told = text;
      this.changed();
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function versionOf({ metadata: { resourceVersion } }: Pod): number {
  return Number(resourceVersion);
}

function isDone({ current, spec }: Slot): boolean {
  return spec.restartPolicy !== 'Always' && current?.end?.exitCode === 0;
}

function isFinished(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Kubernetes' times have whole seconds. */
function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
