/**
 * The control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, unmodified, each a process of its own.
 *
 * 1. credentials and the audit policy; 2. etcd; 3. the API server, until it is ready; 4. the other two.
 *
 * Switched off are the two controllers that write the addresses behind a Service: they reject loopback addresses, which
 * all pods here have. lab/kubernetes/services does their work.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { Authority } from '../../authority/authority';
import type { Lab } from '../../lab';
import { ManagedProcess } from '../../managed-process';
import { Api } from '../api/api';
import { auditPolicy } from '../audit/policy';
import { ClusterLayout, clusterPorts } from '../layout';
import { credentialFiles, kubeconfigFile, writeCredentials } from './credentials';
import { type ControlPlaneProgram, controlPlaneProgram, isBuiltHere } from './programs';

const startDeadlineMs = 120_000;
/** Kubernetes' default is 15 s; a lab is watched by somebody who waits. */
const autoscalerSyncSeconds = 5;
const auditLogMebibytes = 100;

export class ControlPlane {
  readonly etcd: ManagedProcess;
  readonly apiServer: ManagedProcess;
  readonly controllerManager: ManagedProcess;
  readonly scheduler: ManagedProcess;
  private readonly layout: ClusterLayout;

  constructor(private readonly lab: Lab) {
    this.layout = new ClusterLayout(lab);
    this.etcd = new ManagedProcess('etcd', lab.folder);
    this.apiServer = new ManagedProcess('kube-apiserver', lab.folder);
    this.controllerManager = new ManagedProcess('kube-controller-manager', lab.folder);
    this.scheduler = new ManagedProcess('kube-scheduler', lab.folder);
  }

  /** In the order in which they end. */
  get processes(): ManagedProcess[] {
    return [this.controllerManager, this.scheduler, this.apiServer, this.etcd];
  }

  /** Starts what does not run. Throws when the program was not built. */
  async start(): Promise<void> {
    await mkdir(this.layout.path(), { recursive: true });
    await writeCredentials(this.layout, await Authority.open(this.lab.authorityFolder));
    await writeFile(this.auditPolicyFile, JSON.stringify(auditPolicy));
    const run = (managed: ManagedProcess, args: string[], ready: () => Promise<boolean>) =>
      managed.start(
        {
          file: controlPlaneProgram(managed.name as ControlPlaneProgram),
          args,
          environment: { PATH: process.env.PATH, HOME: this.layout.path() },
          folder: this.lab.folder,
        },
        ready,
        startDeadlineMs,
      );
    const runs = async () => true;
    await run(this.etcd, this.etcdFlags(), async () => (await fetch(`${this.layout.etcd}/health`)).ok);
    const api = Api.of(this.layout, 'admin');
    await run(this.apiServer, this.apiServerFlags(), () => api.ready());
    await Promise.all([
      run(this.controllerManager, this.controllerManagerFlags(), runs),
      run(this.scheduler, this.schedulerFlags(), runs),
    ]);
  }

  private etcdFlags(): string[] {
    const { etcd: clients, host } = this.layout;
    const peers = `http://${host}:${clusterPorts.etcdPeers}`;
    const data = ['--data-dir', this.layout.path('etcd')];
    if (isBuiltHere('etcd')) return [...data, '--client-url', clients, '--peer-url', peers];
    return [
      ...[...data, '--unsafe-no-fsync', '--log-level', 'warn'],
      ...['--listen-client-urls', clients, '--advertise-client-urls', clients],
      ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`],
    ];
  }

  private apiServerFlags(): string[] {
    const { layout } = this;
    const file = (name: keyof typeof credentialFiles) => layout.path(credentialFiles[name]);
    return [
      `--etcd-servers=${layout.etcd}`,
      ...[`--bind-address=${layout.host}`, `--advertise-address=${layout.host}`],
      `--secure-port=${clusterPorts.apiServer}`,
      ...[`--tls-cert-file=${file('apiServerCertificate')}`, `--tls-private-key-file=${file('apiServerKey')}`],
      ...[`--token-auth-file=${file('tokens')}`, '--authorization-mode=Node,RBAC', '--anonymous-auth=false'],
      `--service-cluster-ip-range=${layout.serviceRange}`,
      // Its own addresses are loopback ones too, which it would reject.
      '--endpoint-reconciler-type=none',
      ...[
        '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
        `--service-account-signing-key-file=${file('serviceAccountKey')}`,
        `--service-account-key-file=${file('serviceAccountPublicKey')}`,
      ],
      ...[
        `--kubelet-client-certificate=${file('apiServerClientCertificate')}`,
        `--kubelet-client-key=${file('apiServerClientKey')}`,
        `--kubelet-certificate-authority=${this.lab.authorityFile}`,
        '--kubelet-preferred-address-types=InternalIP',
      ],
      ...[
        `--proxy-client-cert-file=${file('apiServerClientCertificate')}`,
        `--proxy-client-key-file=${file('apiServerClientKey')}`,
        `--requestheader-client-ca-file=${file('apiServerClientCertificate')}`,
        '--requestheader-username-headers=X-Remote-User',
        '--requestheader-group-headers=X-Remote-Group',
        '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      ],
      ...['--allow-privileged=true', '--profiling=false', '--watch-cache=true'],
      ...this.auditFlags(),
    ];
  }

  /** A request is answered only when it is in the log. One older file is kept. */
  private auditFlags(): string[] {
    return [
      `--audit-policy-file=${this.auditPolicyFile}`,
      ...[`--audit-log-path=${this.layout.auditLog}`, '--audit-log-mode=blocking'],
      ...[`--audit-log-maxsize=${auditLogMebibytes}`, '--audit-log-maxbackup=1'],
    ];
  }

  private get auditPolicyFile(): string {
    return this.layout.path('audit-policy.json');
  }

  private controllerManagerFlags(): string[] {
    const { layout } = this;
    return [
      ...this.clientFlags('controller-manager'),
      '--controllers=*,-endpoints-controller,-endpointslice-controller,-endpointslice-mirroring-controller',
      `--service-account-private-key-file=${layout.path(credentialFiles.serviceAccountKey)}`,
      `--root-ca-file=${this.lab.authorityFile}`,
      '--use-service-account-credentials=true',
      `--horizontal-pod-autoscaler-sync-period=${autoscalerSyncSeconds}s`,
      // How long the CPU use of a new pod is not believed: five minutes by default.
      '--horizontal-pod-autoscaler-cpu-initialization-period=20s',
      '--horizontal-pod-autoscaler-initial-readiness-delay=5s',
    ];
  }

  private schedulerFlags(): string[] {
    return this.clientFlags('scheduler');
  }

  /** Nobody asks them anything, so they listen nowhere. */
  private clientFlags(user: 'controller-manager' | 'scheduler'): string[] {
    const kubeconfig = kubeconfigFile(this.layout, user);
    return [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0', '--profiling=false'];
  }
}
