/**
 * The clients' view of a change: a small steady client on the path that the application uses, for as long as the run's
 * steps last.
 *
 * 1. Three times a second one request (paths.ts). One that gets no answer within its time-out has failed.
 * 2. Every second a heartbeat with the counters. After a worker's crash another goes on from there; the gap is unmeasured.
 * 3. Budget exceeded: the run is told, once, by the signal `clientBudgetExceeded`. What follows is the run's to decide.
 * 4. Cancelled by the run: returns what was measured. Cancelled by the worker's own shutdown: fails, so that another
 *    worker goes on.
 */
import { Context } from '@temporalio/activity';
import type { Client as TemporalClient } from '@temporalio/client';
import { budgetSignal, type ClientBudget, type ClientMeasurement, exceeds } from '../../catalogue';
import { azureProblem } from '../azure/failures';
import { asFailures, oneLine } from '../failures';
import { postgresProblem } from '../postgres/failures';
import { redisProblem } from '../redis/failures';
import type { ClientActivities } from './contract';
import { type Checkpoint, Counter, nothingSince } from './measurement';
import { type Asker, askerFor, type PathDependencies } from './paths';

/**
 * Three requests a second: a stall as long as the default budget allows (60 s) then costs fewer failures than it allows (200),
 * even where every one of them is refused at once.
 */
const paceMs = 333;
const heartbeatMs = 1000;

export interface ProbeDependencies extends PathDependencies {
  client: Pick<TemporalClient, 'workflow'>;
}

export function createClientActivities(use: ProbeDependencies): ClientActivities {
  const activities: ClientActivities = {
    async measureClients({ path, budget }) {
      const asker = await askerFor(path, use);
      const context = Context.current();
      const counter = new Counter(paceMs, Date.now(), lastOf(context.info));
      const beat = setInterval(() => void report(counter, budget, use, context), heartbeatMs);
      try {
        await askUntilCancelled(counter, asker, context.cancellationSignal);
      } finally {
        clearInterval(beat);
      }
      return finished(counter.measurement(Date.now()), context);
    },
  };
  return asFailures(activities, [azureProblem, postgresProblem, redisProblem]);
}

/** What is known of earlier attempts; undefined for the first. */
function lastOf({ attempt, heartbeatDetails, scheduledTimestampMs }: Context['info']): Checkpoint | undefined {
  if (attempt === 1) return undefined;
  return (heartbeatDetails as Checkpoint | undefined) ?? nothingSince(scheduledTimestampMs);
}

async function askUntilCancelled(counter: Counter, asker: Asker, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const due = Date.now() + paceMs;
    await asker.ask().then(
      () => counter.answered(Date.now()),
      (error: unknown) => counter.failed(Date.now(), oneLine((error as Error).message).slice(0, 200)),
    );
    await pause(due - Date.now(), signal);
  }
  asker.close();
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
  budget: ClientBudget,
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

function finished(
  measured: ClientMeasurement,
  { cancellationDetails, cancellationSignal }: Context,
): ClientMeasurement {
  if (cancellationDetails?.cancelRequested) return measured;
  throw cancellationSignal.reason;
}
