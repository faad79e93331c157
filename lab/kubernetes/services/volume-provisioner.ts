/** PersistentVolumeClaims: each gets a volume of its own, a folder of the lab, by the default StorageClass. */
import { mkdirSync } from 'node:fs';
import { type Api, isConflict } from '../api/api';
import { Informer } from '../api/informer';
import type { PersistentVolumeClaim } from '../api/objects';
import type { ClusterLayout } from '../layout';

const provisioner = 'lab.durable-runbooks/folder';
/** As AKS names its default one (learn.microsoft.com/azure/aks/concepts-storage#storage-classes). */
const storageClass = 'managed-csi';

export class VolumeProvisioner {
  readonly claims: Informer<PersistentVolumeClaim>;

  constructor(
    private readonly api: Api,
    private readonly layout: ClusterLayout,
  ) {
    this.claims = new Informer(api, '/api/v1/persistentvolumeclaims', (claim) => {
      this.provide(claim).catch((error: Error) => console.error(`${new Date().toISOString()} ${error.message}`));
    });
  }

  async start(): Promise<void> {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await this.api.apply(`/apis/storage.k8s.io/v1/storageclasses/${storageClass}`, {
      ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: storageClass, annotations } },
      ...{ provisioner, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true },
    });
    await this.claims.start();
  }

  stop(): void {
    this.claims.stop();
  }

  /** Where a volume of that name lies. */
  folder(volume: string): string {
    return this.layout.path('volumes', volume);
  }

  private async provide({ metadata, spec, status }: PersistentVolumeClaim): Promise<void> {
    if (spec.volumeName || spec.storageClassName !== storageClass || status?.phase === 'Bound') return;
    const { name: claim, namespace, uid } = metadata;
    const name = `pvc-${uid}`;
    mkdirSync(this.folder(name), { recursive: true });
    const volume = {
      ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name } },
      spec: {
        capacity: { storage: spec.resources?.requests?.storage ?? '1Gi' },
        ...{ accessModes: spec.accessModes, storageClassName: storageClass, persistentVolumeReclaimPolicy: 'Retain' },
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: claim, namespace, uid },
        hostPath: { path: this.folder(name) },
      },
    };
    await this.api.create('/api/v1/persistentvolumes', volume).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  }
}
