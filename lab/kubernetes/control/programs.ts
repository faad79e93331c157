/** The control plane's one program, which setup/cluster builds. */
import { existsSync, realpathSync } from 'node:fs';
import { program } from '../../cache';

export type ControlPlaneProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl';

/** Throws with what to do when it was not built. */
export function controlPlaneProgram(): string {
  const kubectl = program('kubectl');
  if (!existsSync(kubectl))
    throw new Error(
      'the Kubernetes control plane is not built: `setup/cluster` builds it, which takes about five minutes once',
    );
  return realpathSync(kubectl);
}
