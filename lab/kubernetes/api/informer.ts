/**
 * A copy of all objects of one kind that is kept up to date: list once, then watch; a watch that breaks off is taken up
 * again, and a list that is too old is made anew.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api';
import type { KubernetesObject } from './objects';

const pauseAfterErrorMs = 500;

interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

export class Informer<T extends KubernetesObject> {
  private readonly known = new Map<string, T>();
  private readonly ended = new AbortController();
  private synced: Promise<void> | undefined;

  /** `changed` is called for each object that is new or other than before, `deleted` for one that is gone. */
  constructor(
    private readonly api: Api,
    private readonly path: string,
    private readonly changed: (object: T) => void = () => undefined,
    private readonly deleted: (object: T) => void = () => undefined,
  ) {}

  /** Returns when it has read the first list. */
  start(): Promise<void> {
    this.synced ??= new Promise((resolve) => void this.run(resolve));
    return this.synced;
  }

  stop(): void {
    this.ended.abort();
  }

  all(): T[] {
    return [...this.known.values()];
  }

  get(namespace: string, name: string): T | undefined {
    return this.known.get(`${namespace}/${name}`);
  }

  private async run(synced: () => void): Promise<void> {
    while (!this.ended.signal.aborted) {
      try {
        let version = await this.list();
        synced();
        for (;;) version = await this.watch(version);
      } catch (error) {
        if (this.ended.signal.aborted) return;
        console.error(`${new Date().toISOString()} ${this.path}: ${(error as Error).message}; once more`);
        await sleep(pauseAfterErrorMs);
      }
    }
  }

  private async list(): Promise<string> {
    const list = await this.api.get<{ metadata: { resourceVersion: string }; items: T[] }>(this.path);
    const now = new Set(list.items.map(key));
    for (const [name, object] of this.known) if (!now.has(name)) this.remove(object);
    for (const object of list.items) this.put(object);
    return list.metadata.resourceVersion;
  }

  /** Returns the version of the last object seen when the server ends the watch, as it does from time to time. */
  private async watch(from: string): Promise<string> {
    let version = from;
    const path = `${this.path}?watch=true&allowWatchBookmarks=true&resourceVersion=${from}`;
    const answer = await this.api.stream(path, this.ended.signal);
    for await (const line of createInterface({ input: answer })) {
      const { type, object } = JSON.parse(line) as WatchEvent<T>;
      if (type === 'ERROR') throw new Error('the watch is too old');
      version = object.metadata.resourceVersion!;
      if (type === 'DELETED') this.remove(object);
      else if (type !== 'BOOKMARK') this.put(object);
    }
    return version;
  }

  private put(object: T): void {
    const known = this.known.get(key(object));
    if (known?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    // Deleted and made again under the same name between two lists.
    if (known && known.metadata.uid !== object.metadata.uid) this.deleted(known);
    this.known.set(key(object), object);
    this.changed(object);
  }

  private remove(object: T): void {
    this.known.delete(key(object));
    this.deleted(object);
  }
}

function key({ metadata: { namespace = '', name } }: KubernetesObject): string {
  return `${namespace}/${name}`;
}
