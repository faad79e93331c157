/**
 * Which tool would set an object back to what it has on file. Pure.
 *
 * Sources: keda.sh "ScaledObject specification" (labels and owner of its HPA), argo-cd.readthedocs.io "Resource tracking",
 * fluxcd.io "Kustomization" and "HelmRelease" (labels of what they apply).
 */
import type { Marks } from '../kubernetes/kubernetes';

const byMark: [mark: RegExp, controller: string][] = [
  [/^scaledobject\.keda\.sh\/name$/, 'KEDA ScaledObject'],
  [/^argocd\.argoproj\.io\/(tracking-id|instance)$/, 'Argo CD application'],
  [/^kustomize\.toolkit\.fluxcd\.io\/name$/, 'Flux Kustomization'],
  [/^helm\.toolkit\.fluxcd\.io\/name$/, 'Flux HelmRelease'],
];

/** Field managers with which those tools write the fields in question. */
const byManager: Record<string, string> = {
  'argocd-controller': 'Argo CD',
  'argocd-application-controller': 'Argo CD',
  'kustomize-controller': 'Flux',
  'helm-controller': 'Flux',
  'keda-operator': 'KEDA',
};

/** The Kubernetes controllers that write the number of pods because they were told to. */
const innocent = new Set(['kube-controller-manager', 'durable-runbooks']);

/**
 * An autoscaler that one of them marks is theirs whole. A deployment may be marked while its number of pods is left to
 * others: only a manager that owns that very field counts.
 */
export function controllerOf(marks: Marks, { whole }: { whole: boolean }): string | undefined {
  const manager = marks.replicasManagers.map((name) => byManager[name]).find((name) => name !== undefined);
  if (manager) return manager;
  if (!whole) return undefined;
  const external = marks.owners.find((owner) => owner.startsWith('ExternalSecret/'));
  if (external) return external.replace('/', ' ');
  const scaledObject = marks.owners.find((owner) => owner.startsWith('ScaledObject/'));
  if (scaledObject) return `KEDA ${scaledObject.replace('/', ' ')}`;
  for (const [name, value] of Object.entries({ ...marks.labels, ...marks.annotations })) {
    const found = byMark.find(([mark]) => mark.test(name));
    if (found) return `${found[1]} ${value.split(':')[0]!}`;
  }
  return undefined;
}

/** Those whose next apply may set the number of pods anew. */
export function otherManagers({ replicasManagers }: Marks): string[] {
  return replicasManagers.filter((name) => !innocent.has(name) && byManager[name] === undefined);
}
