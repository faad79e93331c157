/** A competing manager: another operator, or a controller that nobody thought of, that writes the same field each second. */
import type { Api } from '../api/api';

export type Competition = { everyMs?: number } & (
  { deployment: string; replicas: number } | { autoscaler: string; minReplicas: number }
);

/** Told in `managedFields` and in the audit log. */
export const competingManager = 'competing-manager';
const defaultEveryMs = 1_000;

export class Competitor {
  /** How often it has written. */
  writes = 0;
  private readonly timer: NodeJS.Timeout;
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly write: () => Promise<unknown>,
    everyMs: number,
  ) {
    this.timer = setInterval(() => {
      this.writing = this.writing.then(() => this.attempt());
    }, everyMs);
  }

  /** Returns when it has written once. Throws when that is refused. */
  static async start(api: Api, namespace: string, competition: Competition): Promise<Competitor> {
    const { path, body } = target(namespace, competition);
    const competitor = new Competitor(
      () => api.merge(`${path}?fieldManager=${competingManager}`, body),
      competition.everyMs ?? defaultEveryMs,
    );
    try {
      await competitor.write();
      competitor.writes++;
    } catch (error) {
      await competitor.stop();
      throw error;
    }
    return competitor;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.writing;
  }

  /** One that is refused, or finds nobody, is tried again at the next time. */
  private async attempt(): Promise<void> {
    await this.write().then(
      () => this.writes++,
      () => undefined,
    );
  }
}

function target(namespace: string, competition: Competition): { path: string; body: object } {
  if ('deployment' in competition) {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${competition.deployment}/scale`;
    return { path, body: { spec: { replicas: competition.replicas } } };
  }
  const path = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${competition.autoscaler}`;
  return { path, body: { spec: { minReplicas: competition.minReplicas } } };
}
