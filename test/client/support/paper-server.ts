import { ApplicationFailure, Context, heartbeat } from '@temporalio/activity';
import type { ClientActivities } from '../../../activities/clients/contract';

export interface ServerValues {
  sku: string;
  storageGb: string;
}

export interface PaperServerActivities {
  readServer(request: { server: string }): Promise<ServerValues>;
  setServer(request: { server: string; field: keyof ServerValues; to: string; way: 'forward' | 'back' }): Promise<void>;
  checkServer(request: { server: string; field: keyof ServerValues; to: string }): Promise<string>;
}

interface Change {
  server: string;
  to: string;
  way: 'forward' | 'back';
}

/** Servers on paper, each of its own name, with a way to break or to hold a change. */
export class PaperServers {
  private readonly servers = new Map<string, ServerValues>();
  /** Called before a change; what it throws fails the change. */
  before: (change: Change) => Promise<void> | void = () => undefined;
  /** Called after a change: the same, with its effect in place. */
  after: (change: Change) => Promise<void> | void = () => undefined;

  activities(): PaperServerActivities & ClientActivities {
    const measured = { requests: 41_230, failedRequests: 0, longestStallSeconds: 0.8, unmeasuredSeconds: 0 };
    return {
      readServer: ({ server }) => Promise.resolve({ ...this.of(server) }),
      setServer: async ({ server, field, to, way }) => {
        if (this.of(server)[field] === to) return;
        await this.before({ server, to, way });
        this.of(server)[field] = to;
        await this.after({ server, to, way });
      },
      checkServer: ({ server, field, to }) => {
        if (this.of(server)[field] !== to) throw broken(`${server} shows ${this.of(server)[field]}`);
        return Promise.resolve(`ARM Ready + ${to}`);
      },
      measureClients: async () => {
        const beat = setInterval(() => heartbeat(measured), 500);
        await Context.current()
          .cancelled.catch(() => undefined)
          .finally(() => clearInterval(beat));
        return measured;
      },
    };
  }

  of(server: string): ServerValues {
    const found = this.servers.get(server) ?? { sku: 'Standard_D4ds_v4', storageGb: '256' };
    this.servers.set(server, found);
    return found;
  }
}

/** A failure that no retry mends. */
export function broken(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'AzureOperationFailed', message, nonRetryable: true });
}

/** A promise with its handle. */
export function gate(): { open: () => void; passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}
