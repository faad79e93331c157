import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Timing } from '../../catalogue';
import { noted } from './clock';
import { lastFailureOf } from './failure';
import { begin } from './midway';

/**
 * The seven ways in which steps call activities. Every call carries a summary for people: "<step> · <what>".
 *
 * - `reads`: asked for some seconds as local activities, one event each; a system that takes longer, or does not answer, is asked by an
 *   activity: while a local one lasts the run answers late or not at all. Short, changing nothing, never waiting for another workflow: they
 *   occupy one of the worker's workflow task slots, and enough of them waiting for a workflow of the same worker would wait for ever.
 * - `marks`: as short, writing only what is the run's own and may be written twice, such as a marker.
 * - `removals`: what takes a marker away again. Never local: what a local activity has found is on record only when the workflow task
 *   ends, and the worker that dies before would be followed by one that looks for the marker again.
 * - `exchanges`: short conversations with other workflows, such as the locks.
 * - `changes`: one long activity that waits for a whole operation of Azure's. It heartbeats every second, so a dead worker is
 *   noticed after 5 s, and is told of a cancellation; it is retried until its deadline.
 * - `verifications`: throw until the target shows the new state. Asked like reads, for mostly it is so at once; of the activity that
 *   polls a target that takes longer, the retry policy is the polling and costs no events.
 * - `companions`: run beside the steps until they are cancelled.
 */
type AnyActivities = Record<keyof object, never> | object;
type Caller<Activities> = (summary: string, timing?: Timing) => Activities;

/** Over before a workflow task's time is (10 s): a longer one costs events of its own. */
const withinATask = '7 s';

export function reads<Activities extends AnyActivities>(): Caller<Activities> {
  const atOnce = local<Activities>({
    startToCloseTimeout: withinATask,
    scheduleToCloseTimeout: withinATask,
    // As many as fail at once within that time. The SDK's schedule-to-close is told once, and lost where it falls between two attempts (1.24): without a
    // number of them, a read that always fails, or always takes too long, was begun again for ever, and the run heard nobody.
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumAttempts: 4 },
  });
  const patient = remote<Activities>((summary) => ({
    summary,
    startToCloseTimeout: '60 s',
    scheduleToCloseTimeout: '5 min',
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '20 s' },
  }));
  return (summary, timing) => orElse(atOnce(summary), patient(summary, timing));
}

export function marks<Activities extends AnyActivities>(): Caller<Activities> {
  return reads<Activities>();
}

export function removals<Activities extends AnyActivities>(): Caller<Activities> {
  return remote((summary) => ({
    summary,
    // The worker that does it may die, and this long nobody knows.
    startToCloseTimeout: '20 s',
    scheduleToCloseTimeout: '5 min',
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '20 s' },
  }));
}

export function exchanges<Activities extends AnyActivities>(): Caller<Activities> {
  return remote((summary) => ({
    summary,
    startToCloseTimeout: '60 s',
    scheduleToCloseTimeout: '15 min',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
  }));
}

export function changes<Activities extends AnyActivities>(): Caller<Activities> {
  return remote((summary, timing) => ({
    summary,
    // The activity keeps the deadline itself and says so in words; this is the net under it.
    startToCloseTimeout: (timing.operationTimeoutSeconds + 60) * 1000,
    scheduleToCloseTimeout: (timing.operationTimeoutSeconds + 120) * 1000,
    heartbeatTimeout: '5 s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1 s', backoffCoefficient: 1 },
  }));
}

export function verifications<Activities extends AnyActivities>(): Caller<Activities> {
  const atOnce = local<Activities>({
    startToCloseTimeout: '4 s',
    scheduleToCloseTimeout: withinATask,
    retry: { initialInterval: '1 s', backoffCoefficient: 1, maximumAttempts: 6 },
  });
  const polling = remote<Activities>((summary, timing) => ({
    summary,
    // One look takes a second or two; the worker that looks may die, and this long nobody knows.
    startToCloseTimeout: '20 s',
    scheduleToCloseTimeout: timing.verificationTimeoutSeconds * 1000,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '1 s', backoffCoefficient: 1.5, maximumInterval: '15 s' },
  }));
  const once = local<Activities>({
    startToCloseTimeout: withinATask,
    scheduleToCloseTimeout: withinATask,
    retry: { maximumAttempts: 1 },
  });
  return (summary, timing) => orElse(atOnce(summary), orElse(polling(summary, timing), once(summary), hadSaidNo));
}

/**
 * The time was over in the middle of a look, or while no worker was there, and the look before had said no: an answer that may be old.
 * `patched`: open runs have asked an operator then.
 */
function hadSaidNo(error: unknown): boolean {
  const timeout = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(timeout instanceof TimeoutFailure) || lastFailureOf(timeout)?.type !== 'NotVerified') return false;
  return patched('had said no');
}

export function companions<Activities extends AnyActivities>(): Caller<Activities> {
  return remote((summary) => ({
    summary,
    // Longer than any run; it ends when it is cancelled.
    startToCloseTimeout: '14 days',
    heartbeatTimeout: '5 s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1 s', backoffCoefficient: 1 },
  }));
}

const noTiming: Timing = {
  soakSeconds: 0,
  operationTimeoutSeconds: 7200,
  verificationTimeoutSeconds: 900,
  approvalTimeoutSeconds: 14_400,
};

function local<Activities extends AnyActivities>(options: LocalActivityOptions): Caller<Activities> {
  const proxy = proxyLocalActivities<Record<string, (...args: unknown[]) => Promise<unknown>>>(options);
  return (summary) => withOptions(proxy, () => ({ summary }), begin);
}

function remote<Activities extends AnyActivities>(
  optionsFor: (summary: string, timing: Timing) => ActivityOptions,
): Caller<Activities> {
  const proxy = proxyActivities<Record<string, (...args: unknown[]) => Promise<unknown>>>(optionsFor('', noTiming));
  return (summary, timing = noTiming) => withOptions(proxy, () => optionsFor(summary, timing));
}

interface CallableWithOptions {
  executeWithOptions(options: object, args: unknown[]): Promise<unknown>;
}

/** The same activities, called in the first way, and in the second where that failed so. */
function orElse<Activities extends AnyActivities>(
  first: Activities,
  second: Activities,
  failedSo: (error: unknown) => boolean = mayPass,
): Activities {
  const call = (way: Activities, name: PropertyKey, args: unknown[]): Promise<unknown> =>
    (way as Record<PropertyKey, (...args: unknown[]) => Promise<unknown>>)[name]!(...args);
  return new Proxy({} as Activities, {
    get:
      (_target, name) =>
      async (...args: unknown[]) => {
        try {
          return await call(first, name, args);
        } catch (error) {
          if (!failedSo(error)) throw error;
          return call(second, name, args);
        }
      },
  });
}

function mayPass(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return !isCancellation(error) && !(cause instanceof ApplicationFailure && cause.nonRetryable === true);
}

/** The same activities, each called with these options. */
function withOptions<Activities extends AnyActivities>(
  proxy: object,
  options: () => object,
  around = (call: () => Promise<unknown>) => call(),
): Activities {
  return new Proxy({} as Activities, {
    get: (_target, name) => {
      const activity = (proxy as Record<string, CallableWithOptions>)[String(name)]!;
      return async (...args: unknown[]) => noted(await around(() => activity.executeWithOptions(options(), args)));
    },
  });
}
