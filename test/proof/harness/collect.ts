/** When all is over: everything that happened, from every part that knows of it. */
import { until } from '../../../lab/processes';
import type { State } from '../subjects/subject';
import { auditedByAzure } from '../systems/azure';
import type { Case, Counts } from './case';
import type { ClientsReport } from './clients';
import type { Conducted } from './conduct';
import type { Evidence } from './evidence';
import { locksOf } from './locks';
import type { Place } from './place';
import type { Scene } from './player';
import type { Replayer } from './replayer';
import type { Arrival, SeenRequest } from './request';
import type { Stage } from './stage';

/** Longer than heartbeats are apart. */
const silenceMs = 1500;

interface Played {
  stage: Stage;
  replayer: Replayer;
  scene: Scene;
  case: Case;
  place: Place;
  servers: string[];
  before: State;
  competed: Evidence['competed'];
  runs: Conducted[];
  arrivals: Arrival[];
  counts: Counts;
  settledSeconds: number;
  deadlineSeconds: number;
}

const untold: ClientsReport = { requests: 0, failed: 0, reasons: {}, longestStallSeconds: 0 };

export async function collect(played: Played): Promise<Evidence> {
  const { stage, replayer, scene, place, before, case: given } = played;
  const [run, ...rivals] = await Promise.all(played.runs.map((one) => one.evidence()));
  const runs: Evidence['runs'] = [run!, ...rivals];
  const locks = await locksOf(stage, runs);
  const terminated = runs.some(({ status }) => status === 'TERMINATED');
  if (terminated) await silence(played.arrivals);
  await place.idle();
  await place.clients.stop();
  const closed = runs.filter(({ status }) => status !== 'RUNNING');
  const replayed = closed.map(({ workflowId, history }) => replayer.replay(workflowId, history));
  const requests = played.arrivals.map((arrival) => arrival.seen());
  const workersLost = given.strikes.some((strike) => strike.do === 'killWorker' || strike.do === 'freezeWorker');
  const correlationIds = runs.map(({ correlationId }) => correlationId);
  const { counts, servers, competed, settledSeconds, deadlineSeconds } = played;
  return {
    ...{ case: given, workersLost, runs, requests, counts, locks },
    ...{ servers, before, competed, settledSeconds, deadlineSeconds },
    audited: new Map([
      ...(await auditedByAzure(stage, correlationIds)),
      ...(stage.cluster?.audited(correlationIds) ?? []),
    ]),
    after: await scene.subject.state(place),
    wanted: { ...before, ...scene.variant.changes(place) },
    ...{ podsStarted: await place.podsStarted(), poolers: place.poolerRuns() },
    // Who terminates a run may leave clients waiting for good, and whoever looks for their rows: then nobody tells of them.
    clients: terminated ? await place.clients.report().catch(() => untold) : await place.clients.report(),
    replayErrors: (await Promise.all(replayed)).filter((error) => error !== undefined),
    // A new worker cannot know what the dead one was told.
    forbidden: workersLost ? [] : forbiddenTimes(requests, given),
  };
}

/** A worker hears that its run was terminated with its next heartbeat, and goes on until then. */
async function silence(arrivals: Arrival[]): Promise<void> {
  let [count, since] = [arrivals.length, Date.now()];
  const quiet = () => {
    if (arrivals.length !== count) [count, since] = [arrivals.length, Date.now()];
    return Date.now() - since > silenceMs;
  };
  await until('the worker of a terminated run is silent', quiet, { deadlineMs: 15_000, everyMs: 100 });
}

function forbiddenTimes(requests: SeenRequest[], { faults }: Case): Evidence['forbidden'] {
  return requests
    .filter(({ fault }) => fault === 'throttle')
    .map(({ system, path, at, answeredAt = at }) => {
      const armed = faults.find((fault) => fault.system === system && fault.name === 'throttle');
      const seconds = Number(armed?.options['seconds'] ?? 5);
      // When exactly the answer left is not known: not before the request came, not after its connection was done with.
      const times = { system, from: answeredAt, to: at + seconds * 1000 };
      // ARM throttles the subscription; Kubernetes' priority and fairness the one request, and not those beside it.
      return system === 'kubernetes' ? { ...times, path } : times;
    });
}
