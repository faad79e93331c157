/**
 * The clients' view of a change: a small steady client on the path that the application uses, for as long as the run's
 * steps last.
 *
 * 1. Three times a second one read in a transaction of its own, on one connection; a connection that broke is made anew at once.
 *    A request that gets no answer within its time-out has failed.
 * 2. Every second a heartbeat with the counters. After a worker's crash another goes on from there; the gap is unmeasured.
 * 3. Budget exceeded: the run is told, once, by the signal `clientBudgetExceeded`. What follows is the run's to decide.
 * 4. Cancelled by the run: returns what was measured. Cancelled by the worker's own shutdown: fails, so that another
 *    worker goes on.
 */
import { Context } from '@temporalio/activity';
import type { Client as TemporalClient } from '@temporalio/client';
import { exceeds } from '../../catalogue';
import type { FlexibleServers } from '../azure/flexible-servers';
import { azureProblem } from '../azure/failures';
import type { ClientActivities } from '../database/contract';
import { asFailures } from '../failures';
import { connect, type Connection, type ConnectionLimits } from '../postgres/connection';
import { connectionUrl, type ConnectionSources } from '../postgres/connection-url';
import { postgresProblem } from '../postgres/failures';
import { Counter, type Budget, type Checkpoint, type Measurement } from './measurement';

export const budgetSignal = 'clientBudgetExceeded';

/**
 * Three requests a second: a stall as long as the default budget allows (60 s) then costs fewer failures than it allows (200),
 * even where every one of them is refused at once.
 */
const paceMs = 333;
const heartbeatMs = 1000;
/** Shorter than a client's usual patience: a request that hangs is seen as a stall either way. */
const limits: ConnectionLimits = { connectMs: 2000, statementMs: 2000 };

export interface ProbeDependencies {
  servers: Pick<FlexibleServers, 'readServer'>;
  connections: ConnectionSources;
  certificateFile?: string;
  client: Pick<TemporalClient, 'workflow'>;
}

export function createClientActivities(use: ProbeDependencies): ClientActivities {
  const activities: ClientActivities = {
    async measureClients({ server: name, budget }) {
      const server = await use.servers.readServer(name);
      const url = await connectionUrl(server, 'application', use.connections);
      const context = Context.current();
      const counter = new Counter(
        paceMs,
        Date.now(),
        (context.info.heartbeatDetails ?? undefined) as Checkpoint | undefined,
      );
      const beat = setInterval(() => void report(counter, budget, use, context), heartbeatMs);
      try {
        await askUntilCancelled(counter, () => connect(url, limits, use.certificateFile), context.cancellationSignal);
      } finally {
        clearInterval(beat);
      }
      return finished(counter.measurement(Date.now()), context);
    },
  };
  return asFailures(activities, [azureProblem, postgresProblem]);
}

async function askUntilCancelled(
  counter: Counter,
  open: () => Promise<Connection>,
  signal: AbortSignal,
): Promise<void> {
  let connection: Connection | undefined;
  while (!signal.aborted) {
    const due = Date.now() + paceMs;
    try {
      connection ??= await open();
      await connection.query('SELECT 1');
      counter.answered(Date.now());
    } catch {
      counter.failed();
      void connection?.end().catch(() => undefined);
      connection = undefined;
    }
    await pause(due - Date.now(), signal);
  }
  void connection?.end().catch(() => undefined);
}

/** Ends early, without an error, when the signal comes. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    signal.addEventListener('abort', done);
  });
}

async function report(
  counter: Counter,
  budget: Budget,
  { client }: ProbeDependencies,
  context: Context,
): Promise<void> {
  const now = Date.now();
  const measured = counter.measurement(now);
  const tell = !counter.signalled && exceeds(measured, budget);
  if (tell) counter.signalled = true;
  context.heartbeat(counter.checkpoint(now));
  if (!tell) return;
  const { workflowId, runId } = context.info.workflowExecution!;
  try {
    await client.workflow.getHandle(workflowId, runId).signal(budgetSignal, measured);
  } catch (error) {
    counter.signalled = false;
    context.log.warn('the run could not be told of an exceeded budget; trying again', { error: String(error) });
  }
}

function finished(measured: Measurement, { cancellationDetails, cancellationSignal }: Context): Measurement {
  if (cancellationDetails?.cancelRequested) return measured;
  throw cancellationSignal.reason;
}
