/** The stage's cluster, which all players share: each has a namespace of its own in it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Authority, type Certificate } from '../../../lab/authority/authority';
import { Api } from '../../../lab/kubernetes/api/api';
import type { Pod } from '../../../lab/kubernetes/api/objects';
import { readAuditLog } from '../../../lab/kubernetes/audit/audit-log';
import { Cluster } from '../../../lab/kubernetes/cluster';
import { freezeContainers, killContainers } from '../../../lab/kubernetes/faults/signal-containers';
import { Container } from '../../../lab/kubernetes/kubelet/container';
import { newestRun, runFolders } from '../../../lab/kubernetes/kubelet/runs';
import { Registry } from '../../../lab/kubernetes/images/registry';
import { type Lab, repository } from '../../../lab/lab';

export class StageCluster {
  readonly registry: Registry;

  private constructor(
    private readonly cluster: Cluster,
    readonly api: Api,
    /** What players' proxies show. */
    readonly certificate: Certificate,
  ) {
    this.registry = new Registry(cluster.layout);
  }

  static async start(lab: Lab): Promise<StageCluster> {
    const preload = join(repository, 'test/lab/typescript.cjs');
    const program = join(repository, 'test/proof/kubernetes/start-cluster.ts');
    const cluster = new Cluster(lab);
    try {
      await run(process.execPath, ['-r', preload, program, lab.name]);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    const authority = await Authority.open(lab.authorityFolder);
    const { host } = cluster.layout;
    return new StageCluster(cluster, Api.of(cluster.layout, 'admin'), await authority.issue([host]));
  }

  get kubeconfigFile(): string {
    return this.cluster.layout.kubeconfig;
  }

  get host(): string {
    return this.cluster.layout.host;
  }

  /** Every change that was made by these runs, in the API server's own log: audit id → the run's correlation id. */
  audited(correlationIds: string[]): Map<string, string> {
    const changes = readAuditLog(this.cluster.layout).flatMap(({ id, run, status, dryRun }) =>
      run !== undefined && correlationIds.includes(run) && status < 300 && !dryRun ? [[id, run] as const] : [],
    );
    return new Map(changes);
  }

  /** The first process of each of its containers; the kubelet starts them again. Throws when none runs. */
  async killPod(namespace: string, name: string): Promise<void> {
    await killContainers(this.cluster.layout, await this.pod(namespace, name));
  }

  /** It answers nothing for so long. Throws when none runs. */
  async freezePod(namespace: string, name: string, ms: number): Promise<void> {
    await freezeContainers(this.cluster.layout, await this.pod(namespace, name), ms);
  }

  private pod(namespace: string, name: string): Promise<Pod> {
    return this.api.get<Pod>(`/api/v1/namespaces/${namespace}/pods/${name}`);
  }

  /** The first process of a pod's container. Throws when none runs. */
  async processOf({ metadata }: Pod, container: string): Promise<number> {
    const folder = newestRun(this.cluster.layout.containerFolder(metadata.uid!, container));
    const pid = folder && (await Container.adopt(folder)?.ownProcess());
    if (!pid) throw new Error(`${container} of pod ${metadata.name} does not run`);
    return pid;
  }

  /** A folder for each run of a pod's container, numbered; its log is in it. */
  runsOf(podUid: string, container: string): string[] {
    return runFolders(this.cluster.layout.containerFolder(podUid, container));
  }

  /** The folder of a pod's volume. */
  volumeOf(podUid: string, volume: string): string {
    return join(this.cluster.layout.podsFolder, podUid, 'volumes', volume);
  }

  async stop(): Promise<void> {
    this.api.close();
    await this.cluster.stop();
  }
}

function run(program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: repository }, (error, _out, errors) => {
      if (error) reject(new Error(`the cluster does not start: ${errors.trim()}`));
      else resolve();
    });
  });
}
