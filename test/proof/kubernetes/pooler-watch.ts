/**
 * Follows the PgBouncers of a namespace's pooler. The log of each is opened as soon as there is one: a pod takes its folder along when
 * it goes, and what is open can still be read.
 */
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Informer } from '../../../lab/kubernetes/api/informer';
import type { Pod } from '../../../lab/kubernetes/api/objects';
import { type PoolerRun, readPoolerLog } from '../harness/pooler-runs';
import { poolerName } from './manifests';
import type { Namespace } from './namespace';

const container = 'pgbouncer';

interface Followed extends Omit<PoolerRun, 'startedAt' | 'told'> {
  uid: string;
  /** How often its container was started before. */
  attempt: number;
  /** The open log. */
  log: number;
}

export class PoolerWatch {
  private informer: Informer<Pod> | undefined;
  private followed: Followed[] = [];
  /** Whoever is Ready by then was so before. */
  private begun = false;

  constructor(private readonly namespace: Namespace) {}

  async start(): Promise<void> {
    this.end();
    const { namespace } = this;
    this.informer = new Informer<Pod>(
      namespace.cluster.api,
      namespace.path('/api/v1/$/pods'),
      (pod) => this.look(pod),
      (pod) => this.over(({ uid }) => uid === pod.metadata.uid),
    );
    await this.informer.start();
    this.begun = true;
  }

  /** All that there were since the start. */
  end(): PoolerRun[] {
    this.informer?.stop();
    this.informer = undefined;
    this.begun = false;
    return this.followed.splice(0).flatMap(({ uid: _uid, attempt: _attempt, log, ...seen }) => {
      const read = readPoolerLog(readFileSync(log, 'utf8'));
      closeSync(log);
      return read ? [{ ...seen, ...read }] : [];
    });
  }

  private look({ metadata: { uid = '', name, labels }, status }: Pod): void {
    if (labels?.['app'] !== poolerName) return;
    for (const folder of this.namespace.cluster.runsOf(uid, container)) this.follow(name, uid, folder);
    const told = status?.containerStatuses?.find((one) => one.name === container);
    if (!told) return;
    const newest = told.restartCount;
    this.over((run) => run.uid === uid && (run.attempt < newest || (run.attempt === newest && !told.state.running)));
    if (!status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')) return;
    const serving = this.followed.find((run) => run.uid === uid && run.attempt === newest);
    if (serving) serving.servesFrom ??= this.begun ? Date.now() : 0;
  }

  private follow(pod: string, uid: string, folder: string): void {
    const attempt = Number(basename(folder));
    const file = join(folder, 'log');
    if (this.followed.some((run) => run.uid === uid && run.attempt === attempt) || !existsSync(file)) return;
    this.followed.push({ pod, uid, attempt, log: openSync(file, 'r') });
  }

  private over(which: (run: Followed) => boolean): void {
    for (const run of this.followed.filter(which)) run.endedAt ??= Date.now();
  }
}
