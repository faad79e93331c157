/** Makes what befalls a namespace's pooler, on its real pods, and takes it away again. */
import { chmod, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { poolerPort } from '../../../activities/pgbouncer/configuration';
import { readLease } from '../../../activities/pgbouncer/lease';
import type { Pod } from '../../../lab/kubernetes/api/objects';
import { signal, until } from '../../../lab/processes';
import type { PoolerTrouble } from '../harness/trouble';
import { poolerName as name } from './manifests';
import type { Namespace } from './namespace';
import type { Pooler } from './pooler';

/** An image, two processes and a volume, on a busy machine. */
const podDeadlineMs = 40_000;
const leaseDeadlineMs = 120_000;
const lookEveryMs = 20;
/** Of a run that looks for pods every second. */
const foundMs = 1500;

export class PoolerTroubles {
  /** What takes away what was made; the last one first. */
  private readonly remedies: (() => Promise<unknown>)[] = [];
  private scaled: number | undefined;

  constructor(
    private readonly namespace: Namespace,
    private readonly pooler: Pooler,
  ) {}

  /** Returns when it has befallen it. */
  async make(trouble: PoolerTrouble): Promise<void> {
    const first = await this.first();
    switch (trouble) {
      case 'a pod appears':
        return this.scaleUp();
      case 'a pod hangs': {
        const pid = await this.namespace.cluster.processOf(first, 'pgbouncer');
        signal(pid, 'SIGSTOP');
        this.remedies.push(() => Promise.resolve(signal(pid, 'SIGCONT')));
        return;
      }
      case 'a pod is not given the new file': {
        await this.keepAsItIs(this.file(first));
        return;
      }
      case 'a pod misses the reload': {
        const file = this.file(first);
        await chmod(file, 0o600);
        this.remedies.push(() => chmod(file, 0o644));
        return;
      }
      case 'a pod has wrong credentials': {
        const file = this.file(first, 'userlist.txt');
        const right = await readFile(file, 'utf8');
        const tell = async (text: string) => {
          await writeFile(file, text);
          await this.pooler.tell(first, 'RELOAD');
        };
        // What its kubelet sets right by itself is no trouble.
        await this.keepAsItIs(file);
        await tell(right.replace(/" ".*"/, '" "another-one"'));
        this.remedies.push(() => tell(right));
        return;
      }
      case 'a pod dies':
        return this.namespace.cluster.killPod(this.namespace.name, first.metadata.name);
      case 'its pods are replaced':
        return this.replace();
    }
  }

  /** A run has begun to pause it. */
  async pausing(): Promise<void> {
    const address = (await this.pods())[0]?.status?.podIP ?? '';
    const lent = async () => (await readLease(address).catch(() => undefined)) !== undefined;
    await until(`a run pauses ${name}`, lent, { deadlineMs: leaseDeadlineMs, everyMs: lookEveryMs });
  }

  /** What holds a pod up goes; one that has appeared stays. */
  async end(): Promise<void> {
    // A pod that the run has taken away needs none.
    for (const remedy of this.remedies.splice(0).reverse()) await remedy().catch(() => undefined);
  }

  /** As many pods again as there were. To be called when nobody is served by them any more. */
  async shrink(): Promise<void> {
    const { scaled } = this;
    if (scaled === undefined) return;
    this.scaled = undefined;
    await this.scale(scaled);
    await until(`${name} has ${scaled} pods`, async () => (await this.pods()).length === scaled, {
      ...{ deadlineMs: podDeadlineMs, everyMs: 100 },
    });
  }

  /** Returns when its PgBouncer takes connections: whether it is Ready, its server has a say in. */
  private async scaleUp(): Promise<void> {
    const before = await this.pods();
    this.scaled ??= before.length;
    await this.scale(before.length + 1);
    await this.more(1, before);
    await sleep(foundMs);
  }

  /** As when their nodes are gone. */
  private async replace(): Promise<void> {
    const before = await this.pods();
    for (const { metadata } of before) {
      await this.namespace.delete(this.namespace.path('/api/v1/$/pods', metadata.name), { gracePeriodSeconds: 0 });
    }
    await this.more(before.length, before);
  }

  private async more(count: number, before: Pod[]): Promise<void> {
    const known = new Set(before.map(({ metadata }) => metadata.uid));
    const listen = async () => {
      const added = (await this.pods()).filter(({ metadata }) => !known.has(metadata.uid));
      const open = await Promise.all(added.map(({ status }) => takesConnections(status?.podIP)));
      return open.filter(Boolean).length >= count;
    };
    await until(`${count} more pods of ${name} listen`, listen, { deadlineMs: podDeadlineMs, everyMs: lookEveryMs });
  }

  private async scale(replicas: number): Promise<void> {
    const path = `${this.namespace.path('/apis/apps/v1/$/deployments', name)}/scale?fieldManager=somebody-else`;
    await this.namespace.cluster.api.merge(path, { spec: { replicas } });
  }

  /** Kubelets put a file in place by a rename: what has the name that they write it under is in their way. */
  private async keepAsItIs(file: string): Promise<void> {
    const inTheWay = `${file}.new`;
    await mkdir(inTheWay);
    this.remedies.push(() => rmdir(inTheWay));
  }

  /** Returns when there is one that runs: a run may just be making them. */
  private async first(): Promise<Pod> {
    let found: Pod | undefined;
    const runs = async () => {
      [found] = await this.pods();
      return found !== undefined && (await takesConnections(found.status?.podIP));
    };
    await until(`a pod of ${name} runs`, runs, { deadlineMs: podDeadlineMs, everyMs: lookEveryMs });
    return found!;
  }

  private file({ metadata }: Pod, called = 'pgbouncer.ini'): string {
    return join(this.namespace.cluster.volumeOf(metadata.uid!, 'configuration'), called);
  }

  /** Those that go, too. */
  private pods(): Promise<Pod[]> {
    return this.namespace.labelled<Pod>('pods', name);
  }
}

async function takesConnections(host: string | undefined): Promise<boolean> {
  if (host === undefined) return false;
  return new Promise((resolve) => {
    const socket = connect({ host, port: poolerPort });
    const done = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', done(true)).once('error', done(false)).setTimeout(1000, done(false));
  });
}
