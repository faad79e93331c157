/** The cluster's objects, read and told in words. */
import type { RedisClusterTopology } from '../../catalogue';
import type { KnownObject, Kubernetes } from '../kubernetes/kubernetes';
import type { RedisClusterKind, RedisClusterSettings } from './contract';
import { differences } from './differences';
import { describe, manifestOf } from './manifests';
import { secretDifferences } from './secret';

export interface ObjectReading {
  found: KnownObject | undefined;
  /** Undefined where there is none; the words of the wanted one where nothing differs. */
  shown: string | undefined;
  differs: string[];
}

export async function readObject(
  kind: RedisClusterKind,
  kubernetes: Kubernetes,
  cluster: RedisClusterTopology,
  settings: RedisClusterSettings,
): Promise<ObjectReading> {
  const found = await kubernetes.findObject(kind, cluster.name);
  if (!found) return { found, shown: undefined, differs: [] };
  const differs =
    kind === 'Secret'
      ? secretDifferences(found)
      : differences(found.content, manifestOf(kind, cluster, settings).content);
  const shown = differs.length === 0 ? describe(kind, cluster, settings) : `another one (${differs[0]})`;
  return { found, shown, differs };
}
