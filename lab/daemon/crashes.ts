/**
 * Faults that kill a process of the lab at a moment that a client decides: when Azure was sent its n-th change.
 *
 * The request log is looked at every few milliseconds while one is armed, so the kill comes that much after the moment;
 * an operation of Azure's takes a thousand times as long.
 */
import { z } from 'zod';
import type { FaultListing, LoggedRequest } from '../azure';

const lookEveryMs = 10;

const options = z.strictObject({
  /** Changes that are let pass first. */
  after: z.int().min(0).default(0),
  /** `received`: before Azure has answered; `answered`: the change was accepted, and Azure is at work. */
  moment: z.enum(['received', 'answered']).default('answered'),
  /** Seconds until it is started again, or thawed; -1: not by itself. */
  restart: z.number().min(-1).max(3600).default(1),
  /** Of postgres-crash: which server; the one that is changed where absent. */
  server: z.string().optional(),
});
type CrashOptions = z.infer<typeof options>;

const crashes = {
  'worker-crash': "SIGKILL to the worker at Azure's next change, and a new worker soon after",
  'worker-freeze':
    "SIGSTOP to the worker at Azure's next change, a new worker, and SIGCONT to the old one some time after",
  'temporal-crash': "SIGKILL to Temporal's server at Azure's next change, started again soon after",
  'postgres-crash': "SIGKILL to a postmaster at Azure's next change of its server, started again soon after",
} as const;
export type CrashName = keyof typeof crashes;

interface ArmedCrash {
  id: string;
  name: CrashName;
  options: CrashOptions;
  armedAt: string;
  hits: number;
  remaining: number;
}

/** What can be killed and started. `server` is given for postgres-crash only. */
export interface Victims {
  kill(name: CrashName, server?: string): Promise<void>;
  start(name: CrashName, server?: string): Promise<void>;
}

export class Crashes {
  private readonly armed: ArmedCrash[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly requests: () => LoggedRequest[],
    private readonly victims: Victims,
  ) {}

  static has(name: string): name is CrashName {
    return Object.hasOwn(crashes, name);
  }

  list(): FaultListing[] {
    return (Object.keys(crashes) as CrashName[]).map((name) => ({
      ...{ name, description: crashes[name], options: Object.keys(options.shape) },
      armed: this.armed
        .filter((one) => one.name === name)
        .map((one) => ({ ...one, seen: one.hits })) as unknown as FaultListing['armed'],
    }));
  }

  /** Throws when an option is unknown or wrong. */
  arm(name: CrashName, given: Record<string, unknown>): ArmedCrash {
    const parsed = options.safeParse(given);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new Error(
        `fault "${name}": ${issue.path.join('.') || 'options'}: ${issue.message} (options: ${Object.keys(options.shape).join(', ')})`,
      );
    }
    const number = this.armed.length + 1;
    const crash = {
      id: `${name}-${number}`,
      name,
      options: parsed.data,
      armedAt: new Date().toISOString(),
      hits: 0,
      remaining: 1,
    };
    this.armed.push(crash);
    this.timer ??= setInterval(() => this.look(), lookEveryMs);
    return crash;
  }

  clear(): void {
    this.armed.length = 0;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    const waiting = this.armed.filter((one) => one.remaining > 0);
    if (waiting.length === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
      return;
    }
    const requests = this.requests();
    for (const crash of waiting) {
      const request = occasions(requests, crash)[crash.options.after];
      if (request)
        this.strike(crash, crash.name === 'postgres-crash' ? (crash.options.server ?? request.server) : undefined);
    }
  }

  private strike(crash: ArmedCrash, server: string | undefined): void {
    crash.hits++;
    crash.remaining--;
    const restart = () => void this.victims.start(crash.name, server).catch(complain);
    this.victims
      .kill(crash.name, server)
      .then(() => crash.options.restart >= 0 && setTimeout(restart, crash.options.restart * 1000))
      .catch(complain);
  }
}

/** The changes since the fault was armed that have come to its moment. */
function occasions(requests: LoggedRequest[], { armedAt, options: { moment, server } }: ArmedCrash): LoggedRequest[] {
  return requests.filter(
    (request) =>
      request.method !== 'GET' &&
      request.at >= armedAt &&
      (server === undefined || request.server === server.toLowerCase()) &&
      (moment === 'received' || (request.operation !== undefined && !request.operationRefused)),
  );
}

function complain(error: Error): void {
  console.error(error.message);
}
