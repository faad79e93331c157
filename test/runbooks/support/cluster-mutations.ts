/** Changes of a cluster in words. Pure. */
import type { ClusterMutation } from '../../../lab/kubernetes/audit/audit-log';

interface Body {
  spec?: {
    replicas?: number;
    minReplicas?: number;
    maxReplicas?: number;
    paused?: boolean;
    containers?: Container[];
    template?: { spec: { containers: Container[] } };
  };
}

interface Container {
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[];
  resources?: { limits?: Record<string, string> };
}

/** Such as "web 4 pods", "web-hpa min 3, max 10", "web POOL 15", "web URL from secrets/URL", "patch secrets keys", "web limits 500m 512Mi, paused", "a pod limits 500m 512Mi". */
export function inWords({ resource, name, verb, body }: ClusterMutation): string {
  // Whole objects, and patches of them by JSON Patch: what is in them is asked of the object itself.
  const whole = ['create', 'delete'].includes(verb) && resource !== 'horizontalpodautoscalers';
  if (whole || (Array.isArray(body) && resource === 'deployments')) return `${verb} ${resource} ${name}`;
  const spec = (body as Body | undefined)?.spec ?? {};
  switch (resource) {
    case 'deployments/scale':
      return `${name} ${spec.replicas} pods`;
    case 'horizontalpodautoscalers':
      return verb === 'delete' ? `${name} deleted` : `${name} min ${spec.minReplicas}, max ${spec.maxReplicas}`;
    case 'pods/resize':
      return `a pod ${containerInWords(spec.containers)}`;
    case 'replicasets':
      return `a ReplicaSet ${containerInWords(spec.template?.spec.containers)}`;
    case 'deployments':
      return `${name} ${containerInWords(spec.template?.spec.containers)}${spec.paused ? ', paused' : ''}`;
    default:
      return `${verb} ${resource} ${name}`;
  }
}

function containerInWords([container]: Container[] = []): string {
  const { env = [], resources } = container ?? {};
  const { cpu, memory } = resources?.limits ?? {};
  return [
    ...env.map(({ name, value, valueFrom: { secretKeyRef: from } = {} }) =>
      from ? `${name} from ${from.name}/${from.key}` : `${name} ${value ?? 'deleted'}`,
    ),
    ...(resources ? [`limits ${cpu} ${memory}`] : []),
  ].join(', ');
}
