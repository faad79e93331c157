/**
 * A pod's volumes as folders of this machine. Those made of Secrets and ConfigMaps are written again when these change;
 * each file is put in place by a rename, so a reader sees the old or the new one.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { KeyToPath, Pod, ProjectedSource, Volume } from '../api/objects';
import { ConfigurationError, type Lookups, podField, type PodPlace } from './environment';

export interface VolumeSources extends Lookups {
  /** The folder of a bound claim. Throws a ConfigurationError when it is not bound. */
  claimFolder(name: string): string;
  /** A new token of the pod's ServiceAccount. */
  serviceAccountToken(audience: string | undefined, seconds: number): Promise<string>;
}

type Files = Record<string, Buffer>;

/** Kubernetes' default for the life of a projected token. */
const tokenSeconds = 3600;

/** Where each volume lies. Throws a ConfigurationError when something that is not optional is missing. */
export async function prepareVolumes(
  pod: Pod,
  place: PodPlace,
  folder: string,
  sources: VolumeSources,
): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.persistentVolumeClaim) {
      places.set(volume.name, sources.claimFolder(volume.persistentVolumeClaim.claimName));
      continue;
    }
    const path = join(folder, volume.name);
    await mkdir(path, { recursive: true });
    places.set(volume.name, path);
    const files = await filesOf(volume, pod, place, path, sources);
    if (files) await writeFiles(path, files);
  }
  return places;
}

/** Undefined for a volume that belongs to the pod's processes alone. */
async function filesOf(
  volume: Volume,
  pod: Pod,
  place: PodPlace,
  folder: string,
  sources: VolumeSources,
): Promise<Files | undefined> {
  if (volume.emptyDir) return undefined;
  if (volume.secret) return secretFiles(sources, { ...volume.secret, name: volume.secret.secretName });
  if (volume.configMap) return configMapFiles(sources, volume.configMap);
  if (volume.downwardAPI) return downwardFiles(volume.downwardAPI.items, pod, place);
  if (volume.projected) {
    const parts = await Promise.all(
      volume.projected.sources.map((source) => projectedFiles(source, pod, place, folder, sources)),
    );
    return Object.assign({}, ...parts) as Files;
  }
  throw new ConfigurationError(`volume "${volume.name}" is of a kind that this cluster does not have`);
}

async function projectedFiles(
  source: ProjectedSource,
  pod: Pod,
  place: PodPlace,
  folder: string,
  sources: VolumeSources,
): Promise<Files> {
  if (source.secret) return secretFiles(sources, source.secret);
  if (source.configMap) return configMapFiles(sources, source.configMap);
  if (source.downwardAPI) return downwardFiles(source.downwardAPI.items, pod, place);
  const { path, audience, expirationSeconds = tokenSeconds } = source.serviceAccountToken!;
  const written = join(folder, path);
  if (existsSync(written)) return { [path]: await readFile(written) };
  return { [path]: Buffer.from(await sources.serviceAccountToken(audience, expirationSeconds)) };
}

interface Selection {
  name: string;
  items?: KeyToPath[];
  optional?: boolean;
}

function secretFiles({ secret }: Lookups, selection: Selection): Files {
  const found = secret(selection.name);
  if (!found && !selection.optional) throw new ConfigurationError(`secret "${selection.name}" not found`);
  const files = Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
  return select(Object.fromEntries(files), selection);
}

function configMapFiles({ configMap }: Lookups, selection: Selection): Files {
  const found = configMap(selection.name);
  if (!found && !selection.optional) throw new ConfigurationError(`configmap "${selection.name}" not found`);
  const texts = Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
  const bytes = Object.entries(found?.binaryData ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
  );
  return select(Object.fromEntries([...texts, ...bytes]), selection);
}

function select(files: Files, { name, items, optional }: Selection): Files {
  if (!items) return files;
  const chosen: Files = {};
  for (const { key, path } of items) {
    if (files[key]) chosen[path] = files[key];
    else if (!optional) throw new ConfigurationError(`references non-existent key ${key} of ${name}`);
  }
  return chosen;
}

function downwardFiles(items: { path: string; fieldRef?: { fieldPath: string } }[], pod: Pod, place: PodPlace): Files {
  return Object.fromEntries(
    items
      .filter(({ fieldRef }) => fieldRef)
      .map(({ path, fieldRef }) => [path, Buffer.from(podField(fieldRef!.fieldPath, pod, place))]),
  );
}

async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    if (relative(folder, target).startsWith('..'))
      throw new ConfigurationError(`the path ${path} leads out of its volume`);
    if (existsSync(target) && content.equals(await readFile(target))) continue;
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}.new`, content, { mode: 0o644 });
    await rename(`${target}.new`, target);
  }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !(relative(folder, path) in files)) await rm(path, { force: true });
  }
}
