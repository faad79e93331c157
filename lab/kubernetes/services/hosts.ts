/**
 * The hosts file of each namespace: Services by the names that cluster DNS gives them, pods behind headless Services, and
 * Azure's servers and caches by their domain names. A file is rewritten in place, because pods that run already have it mounted.
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { ClusterLayout } from '../layout';

export interface NamedAddress {
  address: string;
  namespace: string;
  /** `redis`, or `redis-cluster-0.redis-cluster` for a pod behind a headless Service. */
  name: string;
}

export interface ServerName {
  address: string;
  name: string;
}

/** Pure: the text for the pods of one namespace. */
export function hostsText(namespace: string, services: NamedAddress[], servers: ServerName[]): string {
  const lines = services.map(({ address, namespace: of, name }) => {
    const long = [`${name}.${of}`, `${name}.${of}.svc`, `${name}.${of}.svc.cluster.local`];
    return [address, ...(of === namespace ? [name] : []), ...long].join(' ');
  });
  return ['127.0.0.1 localhost', ...lines, ...servers.map(({ address, name }) => `${address} ${name}`), ''].join('\n');
}

export class HostsFiles {
  private readonly namespaces = new Set<string>();
  private services: NamedAddress[] = [];
  private servers: ServerName[] = [];

  constructor(private readonly layout: ClusterLayout) {}

  /** Made when it is asked for. */
  file(namespace: string): string {
    this.namespaces.add(namespace);
    this.write(namespace);
    return this.layout.hostsFile(namespace);
  }

  update(services: NamedAddress[], servers: ServerName[]): void {
    this.services = services;
    this.servers = servers;
    for (const namespace of this.namespaces) this.write(namespace);
  }

  private write(namespace: string): void {
    const path = this.layout.hostsFile(namespace);
    const text = hostsText(namespace, this.services, this.servers);
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) writeFileSync(path, text);
    else if (readFileSync(path, 'utf8') !== text) overwrite(path, text);
  }
}

/** Never emptied first: a pod that looks up a name at that moment would find none. */
function overwrite(path: string, text: string): void {
  const file = openSync(path, 'r+');
  try {
    writeSync(file, text, 0);
    ftruncateSync(file, Buffer.byteLength(text));
  } finally {
    closeSync(file);
  }
}
