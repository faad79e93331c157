/**
 * Temporal's own development server: a real server with a database file, so that it can be killed and started again.
 */
import { searchAttributes } from '../../catalogue';
import { mkdirSync } from 'node:fs';
import { servicePorts } from '../addresses/network';
import { program } from '../cache';
import type { Lab } from '../lab';
import { ManagedProcess } from '../managed-process';

const startDeadlineMs = 60_000;

/** The command line's spelling of the types in the catalogue. */
const attributeTypes = { KEYWORD_LIST: 'KeywordList', KEYWORD: 'Keyword' } as const;

export class Temporal {
  readonly process: ManagedProcess;

  constructor(private readonly lab: Lab) {
    this.process = new ManagedProcess('temporal', lab.folder);
  }

  /** Starts it and waits until it answers queries. */
  async start(): Promise<void> {
    mkdirSync(this.lab.path('temporal'), { recursive: true });
    await this.process.start(
      {
        file: program('temporal'),
        args: this.arguments(),
        // It asks who runs it, and has no other way than USER where the account has no name.
        environment: { HOME: this.lab.path('temporal'), USER: process.env.USER || 'lab' },
        folder: this.lab.folder,
      },
      () => this.answers(),
      startDeadlineMs,
    );
  }

  async answers(): Promise<boolean> {
    const answer = await this.get('/api/v1/namespaces/default/workflows?pageSize=1');
    return answer !== undefined;
  }

  /** How many runs are open, or undefined when the server does not answer. */
  async openRuns(): Promise<{ workflowId: string; type: string; startedAt: string }[] | undefined> {
    const query = encodeURIComponent(`ExecutionStatus = 'Running' AND WorkflowType != 'target'`);
    const answer = await this.get<{
      executions?: { execution: { workflowId: string }; type: { name: string }; startTime: string }[];
    }>(`/api/v1/namespaces/default/workflows?query=${query}`);
    return (
      answer &&
      (answer.executions ?? []).map(({ execution, type, startTime }) => ({
        workflowId: execution.workflowId,
        type: type.name,
        startedAt: startTime,
      }))
    );
  }

  /** When a worker last asked for work on the queue (ISO 8601). */
  async lastPoll(taskQueue: string): Promise<string | undefined> {
    const answer = await this.get<{ pollers?: { lastAccessTime: string }[] }>(
      `/api/v1/namespaces/default/task-queues/${encodeURIComponent(taskQueue)}?taskQueueType=TASK_QUEUE_TYPE_WORKFLOW`,
    );
    return answer?.pollers
      ?.map((poller) => poller.lastAccessTime)
      .sort()
      .at(-1);
  }

  private arguments(): string[] {
    const attributes = Object.entries(searchAttributes).flatMap(([name, type]) => [
      '--search-attribute',
      `${name}=${attributeTypes[type]}`,
    ]);
    const { temporalPort, services } = this.lab.network;
    return [
      ...[
        'server',
        'start-dev',
        '--ip',
        '127.0.0.1',
        '--port',
        String(temporalPort),
        '--http-port',
        String(temporalPort + 1),
      ],
      ...['--ui-ip', services, '--ui-port', String(servicePorts.temporalUi)],
      ...['--db-filename', this.lab.path('temporal', 'temporal.db'), '--ui-disable-news-fetch', '--log-level', 'warn'],
      ...attributes,
    ];
  }

  private async get<T = unknown>(path: string): Promise<T | undefined> {
    try {
      const answer = await fetch(this.lab.temporalHttp + path, { signal: AbortSignal.timeout(5_000) });
      return answer.ok ? ((await answer.json()) as T) : undefined;
    } catch {
      return undefined;
    }
  }
}
