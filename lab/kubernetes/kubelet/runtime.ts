/** What a pod needs of its kubelet. */
import type { Api } from '../api/api';
import type { Image } from '../images/image';
import type { ClusterLayout } from '../layout';
import type { Events } from './events';
import type { VolumeSources } from './volumes';

export interface Runtime {
  api: Api;
  layout: ClusterLayout;
  events: Events;
  /** Undefined when the registry does not have it. */
  pull(image: string): Image | undefined;
  /** Of a pod's namespace; `serviceAccount` is whose tokens are made. */
  sources(namespace: string, serviceAccount: string): VolumeSources;
  /** Names of Services and servers, kept up to date in place. */
  hostsFile(namespace: string): string;
  /** A free address for a pod that has none. Throws when there is none. */
  takeAddress(): string;
  releaseAddress(address: string): void;
}
