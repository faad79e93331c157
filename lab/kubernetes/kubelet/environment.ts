/** A container's environment, resolved as the kubelet does: sources first, then variables in their order. Pure. */
import type { ConfigMap, Container, EnvironmentVariable, Pod, Secret } from '../api/objects';
import { quantity } from '../../../catalogue';

export interface Lookups {
  secret(name: string): Secret | undefined;
  configMap(name: string): ConfigMap | undefined;
}

export interface PodPlace {
  podIP: string;
  hostIP: string;
}

/** What the pod refers to is not there: it is looked at again later. */
export class ConfigurationError extends Error {}

/** Throws a ConfigurationError when a Secret, a ConfigMap or a key that is not optional is missing. */
export function resolveEnvironment(
  container: Container,
  pod: Pod,
  place: PodPlace,
  lookups: Lookups,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { prefix = '', secretRef, configMapRef } of container.envFrom ?? []) {
    const data = secretRef
      ? secretData(lookups, secretRef.name, secretRef.optional)
      : configMapData(lookups, configMapRef!.name, configMapRef!.optional);
    for (const [key, value] of Object.entries(data ?? {})) environment[prefix + key] = value;
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? referred(variable.valueFrom, container, pod, place, lookups)
      : expand(variable.value ?? '', environment);
    if (value !== undefined) environment[variable.name] = value;
  }
  return environment;
}

/** `$(NAME)` becomes the variable's value, `$$(NAME)` stays as `$(NAME)`, an unknown name stays as it is. */
export function expand(text: string, environment: Record<string, string>): string {
  return text.replace(/\$(\$|\(([^)]+)\))/g, (all, inner: string, name: string | undefined) => {
    if (inner === '$') return '$';
    return environment[name!] ?? all;
  });
}

function referred(
  { secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef }: NonNullable<EnvironmentVariable['valueFrom']>,
  container: Container,
  pod: Pod,
  place: PodPlace,
  lookups: Lookups,
): string | undefined {
  if (secretKeyRef) {
    const { name, key, optional } = secretKeyRef;
    return keyOf(secretData(lookups, name, optional), 'Secret', name, key, optional);
  }
  if (configMapKeyRef) {
    const { name, key, optional } = configMapKeyRef;
    return keyOf(configMapData(lookups, name, optional), 'ConfigMap', name, key, optional);
  }
  if (fieldRef) return podField(fieldRef.fieldPath, pod, place);
  if (resourceFieldRef) return resourceField(resourceFieldRef, container, pod);
  return undefined;
}

/** The field of a pod that `fieldPath` names. Throws a ConfigurationError for one that is not offered. */
export function podField(path: string, { metadata, spec }: Pod, place: PodPlace): string {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed) return metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2]!] ?? '';
  const listed = (values: Record<string, string> = {}) =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join('\n');
  const fields: Record<string, string | undefined> = {
    ...{ 'metadata.name': metadata.name, 'metadata.namespace': metadata.namespace, 'metadata.uid': metadata.uid },
    ...{ 'metadata.labels': listed(metadata.labels), 'metadata.annotations': listed(metadata.annotations) },
    ...{ 'spec.nodeName': spec.nodeName, 'spec.serviceAccountName': spec.serviceAccountName ?? 'default' },
    ...{ 'status.podIP': place.podIP, 'status.podIPs': place.podIP, 'status.hostIP': place.hostIP },
  };
  const value = fields[path];
  if (value === undefined) throw new ConfigurationError(`the field ${path} of a pod is not offered`);
  return value;
}

function resourceField(
  { containerName, resource, divisor }: { containerName?: string; resource: string; divisor?: string },
  container: Container,
  { spec }: Pod,
): string {
  const named = spec.containers.find(({ name }) => name === (containerName ?? container.name));
  const [kind, name] = resource.split('.') as ['limits' | 'requests', string];
  const value = named?.resources?.[kind]?.[name] ?? '0';
  return String(Math.ceil(quantity(value) / quantity(divisor && divisor !== '0' ? divisor : '1')));
}

export function decode(data: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

function secretData({ secret }: Lookups, name: string, optional = false): Record<string, string> | undefined {
  const found = secret(name);
  if (!found && !optional) throw new ConfigurationError(`secret "${name}" not found`);
  return found && decode(found.data);
}

function configMapData({ configMap }: Lookups, name: string, optional = false): Record<string, string> | undefined {
  const found = configMap(name);
  if (!found && !optional) throw new ConfigurationError(`configmap "${name}" not found`);
  return found && (found.data ?? {});
}

function keyOf(
  data: Record<string, string> | undefined,
  kind: string,
  name: string,
  key: string,
  optional = false,
): string | undefined {
  const value = data?.[key];
  if (value === undefined && !optional) throw new ConfigurationError(`couldn't find key ${key} in ${kind} ${name}`);
  return value;
}
