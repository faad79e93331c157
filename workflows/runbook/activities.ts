import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Timing } from '../../catalogue';
import { noted } from './clock';

/**
 * The six ways in which steps call activities. Every call carries a summary for people: "<step> · <what>".
 *
 * - `reads`: local activities, one event each. Short, changing nothing, never waiting for another workflow: they occupy one of
 *   the worker's workflow task slots, and enough of them waiting for a workflow of the same worker would wait for ever.
 * - `marks`: as short, writing only what is the run's own and may be written twice, such as a marker.
 * - `exchanges`: short conversations with other workflows, such as the locks.
 * - `changes`: one long activity that waits for a whole operation of Azure's. It heartbeats every second, so a dead worker is
 *   noticed after 5 s, and is told of a cancellation; it is retried until its deadline.
 * - `verifications`: throw until the target shows the new state. Asked for some seconds as a local activity, for mostly it is so at
 *   once; a target that takes longer is polled by an activity, whose retry policy is the polling and costs no events.
 * - `companions`: run beside the steps until they are cancelled.
 */
type AnyActivities = Record<keyof object, never> | object;
type Caller<Activities> = (summary: string, timing?: Timing) => Activities;

const reading: LocalActivityOptions = {
  startToCloseTimeout: '60 s',
  scheduleToCloseTimeout: '5 min',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '20 s' },
};

export function reads<Activities extends AnyActivities>(options: LocalActivityOptions = {}): Caller<Activities> {
  const proxy = proxyLocalActivities<Record<string, (...args: unknown[]) => Promise<unknown>>>({
    ...reading,
    ...options,
  });
  return (summary) => withOptions(proxy, () => ({ summary }));
}

export function marks<Activities extends AnyActivities>(): Caller<Activities> {
  return reads<Activities>();
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
  const atOnce = reads<Activities>(askingAtOnce);
  const polling = remote<Activities>((summary, timing) => ({
    summary,
    // One look takes a second or two; the worker that looks may die, and this long nobody knows.
    startToCloseTimeout: '20 s',
    scheduleToCloseTimeout: timing.verificationTimeoutSeconds * 1000,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '1 s', backoffCoefficient: 1.5, maximumInterval: '15 s' },
  }));
  return (summary, timing) => orElse(atOnce(summary), polling(summary, timing));
}

/** Over before a workflow task's time is (10 s): a longer one costs events of its own. */
const askingAtOnce: LocalActivityOptions = {
  startToCloseTimeout: '4 s',
  scheduleToCloseTimeout: '7 s',
  retry: { initialInterval: '1 s', backoffCoefficient: 1, maximumAttempts: 6 },
};

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

function remote<Activities extends AnyActivities>(
  optionsFor: (summary: string, timing: Timing) => ActivityOptions,
): Caller<Activities> {
  const proxy = proxyActivities<Record<string, (...args: unknown[]) => Promise<unknown>>>(optionsFor('', noTiming));
  return (summary, timing = noTiming) => withOptions(proxy, () => optionsFor(summary, timing));
}

interface CallableWithOptions {
  executeWithOptions(options: object, args: unknown[]): Promise<unknown>;
}

/** The same activities, called in the first way, and in the second where that failed for a reason that may pass. */
function orElse<Activities extends AnyActivities>(first: Activities, second: Activities): Activities {
  const call = (way: Activities, name: PropertyKey, args: unknown[]): Promise<unknown> =>
    (way as Record<PropertyKey, (...args: unknown[]) => Promise<unknown>>)[name]!(...args);
  return new Proxy({} as Activities, {
    get:
      (_target, name) =>
      async (...args: unknown[]) => {
        try {
          return await call(first, name, args);
        } catch (error) {
          if (isCancellation(error) || isFinal(error)) throw error;
          return call(second, name, args);
        }
      },
  });
}

function isFinal(error: unknown): boolean {
  return (
    error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true
  );
}

/** The same activities, each called with these options. */
function withOptions<Activities extends AnyActivities>(proxy: object, options: () => object): Activities {
  return new Proxy({} as Activities, {
    get: (_target, name) => {
      const activity = (proxy as Record<string, CallableWithOptions>)[String(name)]!;
      return async (...args: unknown[]) => noted(await activity.executeWithOptions(options(), args));
    },
  });
}
