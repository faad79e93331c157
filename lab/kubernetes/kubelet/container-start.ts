/** What a container is started with: image, command, environment, mounts, from its spec and what was resolved for it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Container as ContainerSpec, Pod } from '../api/objects';
import { type Image, imagePrograms } from '../images/image';
import { ConfigurationError, expand } from './environment';
import type { ContainerLayout, Mount } from './container-script';
import { machineTree } from './machine';

const standardPath = `${imagePrograms}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`;

export interface Start {
  layout: Omit<ContainerLayout, 'root' | 'canProtect'>;
  environment: Record<string, string>;
}

export interface StartContext {
  pod: Pod;
  podIP: string;
  volumes: Map<string, string>;
  hostsFile: string;
  /** Resolved; the image's own and the lab's come below. */
  environment: Record<string, string>;
  /** Where the API server is. */
  apiServer: { host: string; port: number };
}

export function containerStart(spec: ContainerSpec, image: Image, context: StartContext): Start {
  const environment = {
    ...{ PATH: standardPath, HOME: '/root', HOSTNAME: context.pod.spec.hostname ?? context.pod.metadata.name },
    // A pod has no network of its own here, only an address: what listens must listen on it alone.
    POD_ADDRESS: context.podIP,
    KUBERNETES_SERVICE_HOST: context.apiServer.host,
    KUBERNETES_SERVICE_PORT: String(context.apiServer.port),
    ...image.environment,
    ...context.environment,
  };
  const expanded = (words: string[] = []) => words.map((word) => expand(word, environment));
  const given = expanded(spec.args);
  const command = spec.command
    ? [...expanded(spec.command), ...given]
    : [...image.entrypoint, ...(spec.args ? given : image.arguments)];
  const machine = machineTree();
  return {
    environment,
    layout: {
      links: machine.links,
      etcFiles: machine.etcFiles,
      programs: image.programs,
      workingDirectory: spec.workingDir ?? image.workingDirectory,
      command,
      mounts: [
        ...machine.mounts,
        ...Object.entries(image.folders).map(([target, source]): Mount => ({
          source,
          target,
          readOnly: true,
          kind: 'folder',
        })),
        { source: context.hostsFile, target: '/etc/hosts', readOnly: true, kind: 'file' },
        ...(spec.volumeMounts ?? []).map(({ name, mountPath, subPath, readOnly = false }): Mount => {
          const folder = context.volumes.get(name);
          if (folder === undefined) throw new ConfigurationError(`volume "${name}" is not in the pod's spec`);
          const source = subPath ? join(folder, subPath) : folder;
          return { source, target: mountPath, readOnly, kind: isFile(source) ? 'file' : 'folder' };
        }),
      ],
    },
  };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
