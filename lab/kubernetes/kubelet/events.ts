/** Events about pods, as `kubectl describe` shows them. They are for people: one that cannot be written is left out. */
import type { Api } from '../api/api';
import type { Pod } from '../api/objects';

export class Events {
  private count = 0;

  constructor(private readonly api: Api) {}

  /** The same reason and message for the same pod is told once a minute at most. */
  private readonly told = new Map<string, number>();

  tell(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { name, namespace = 'default', uid } = pod.metadata;
    const key = `${uid}/${reason}/${message}`;
    const now = Date.now();
    if (now - (this.told.get(key) ?? 0) < 60_000) return;
    if (this.told.size > 5_000) this.told.clear();
    this.told.set(key, now);
    const at = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
    const event = {
      ...{ apiVersion: 'v1', kind: 'Event', type, reason, message, count: 1, firstTimestamp: at, lastTimestamp: at },
      metadata: { name: `${name}.${now.toString(16)}${(this.count++).toString(16)}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid },
      source: { component: 'kubelet', host: pod.spec.nodeName },
      reportingComponent: 'kubelet',
    };
    this.api.create(`/api/v1/namespaces/${namespace}/events`, event).catch(() => this.told.delete(key));
  }
}
