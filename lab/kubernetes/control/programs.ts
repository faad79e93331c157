/** The control plane's programs, which setup/cluster found or built: links in the cache. */
import { existsSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { program } from '../../cache';

export type ControlPlaneProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl';

/** Throws with what to do when there is none. */
export function controlPlaneProgram(name: ControlPlaneProgram): string {
  const file = program(name);
  if (!existsSync(file))
    throw new Error(
      'the Kubernetes control plane is not built: `make cluster` builds it, which takes about five minutes once',
    );
  return file;
}

/** Ours is all programs in one and becomes the one whose name it is called by; its etcd has options of its own. */
export function isBuiltHere(name: ControlPlaneProgram): boolean {
  return basename(realpathSync(controlPlaneProgram(name))) === 'control-plane';
}
