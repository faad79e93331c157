/** What befalls the pods of a pooler: where a run pauses them, all of them go the new way, or none does. */
import type { Case, Strike, TroubledPooler } from '../harness/case';
import type { PoolerTrouble } from '../harness/trouble';
import type { Shown } from './matrix';
import { type Outcomes, struck } from './struck';

type Pause = NonNullable<Shown['pause']>;

/** Longer than a pause waits for one pod. */
const longMs = 25_000;
const shortMs = 3000;
/** Until another worker has what the dead one was doing (5 to 6 s, and its start), and has looked. */
const lookedMs = 20_000;
/** Nothing comes of it by itself. */
const timing = { verificationTimeoutSeconds: 15 };

export function faultsOfPoolers({ troubles, warnings, pause, mutations }: Shown): Case[] {
  if (pause) return troubles.flatMap((trouble) => inPause[trouble](pause));
  return troubles.flatMap((trouble) => throughout(trouble, mutations.length, warnings.includes(trouble)));
}

const inPause: Record<PoolerTrouble, (pause: Pause) => Case[]> = {
  'a pod appears': (pause) => [
    during(pause, 'in the middle of the pause', { trouble: 'a pod appears' }),
    canceled(pause, { trouble: 'a pod appears' }),
  ],
  'a pod hangs': (pause) => [
    ...forAWhile(pause, 'a pod hangs'),
    whenPausing('when it is paused', { trouble: 'a pod hangs', forMs: longMs }),
  ],
  'a pod is not given the new file': () => [
    { ...fromTheBeginning('a pod is not given the new file', ['RolledBack']), timing },
  ],
  'a pod misses the reload': (pause) => forAWhile(pause, 'a pod misses the reload'),
  'a pod dies': (pause) => [during(pause, 'in the middle of the pause', { trouble: 'a pod dies' })],
  'its pods are replaced': (pause) => [
    during(pause, 'in the middle of the pause', { trouble: 'its pods are replaced' }),
    lateAndUnwatched(pause),
  ],
  'a pod has wrong credentials': (pause) => [
    { ...fromTheBeginning('a pod has wrong credentials', ['Refused', 'RolledBack']), timing },
    untilAsked(pause, 'a pod has wrong credentials'),
  ],
};

function forAWhile(pause: Pause, trouble: PoolerTrouble): Case[] {
  return [
    // Clients wait for it.
    {
      ...during(pause, `in the middle of the pause, for ${shortMs / 1000} s`, { trouble, forMs: shortMs }),
      expected: { outcomes: ['Succeeded'], asked: [] },
    },
    during(pause, `in the middle of the pause, for ${longMs / 1000} s`, { trouble, forMs: longMs }),
    untilAsked(pause, trouble),
  ];
}

/** No run ends well by itself with a pod through which nobody gets: it goes back where it can, or asks. */
function untilAsked(pause: Pause, trouble: PoolerTrouble): Case {
  return {
    ...during(pause, 'in the middle of the pause, until somebody is asked', { trouble }),
    expected: { outcomes: ['Succeeded', 'RolledBack'] },
  };
}

/** What it asks of Azure goes on only when it has befallen. */
function during({ mutation, server: holdUp }: Pause, name: string, troubled: TroubledPooler): Case {
  return struck(troubled.trouble, name, [{ do: 'troublePooler', mutation, holdUp, ...troubled }]);
}

/** Nothing came of what it asks for: the old path is resumed, in what has appeared as well. */
function canceled(pause: Pause, troubled: TroubledPooler): Case {
  const { mutation, server } = pause;
  const fault = { system: 'azure' as const, name: 'operation-canceled', options: {}, server };
  const given = during(pause, 'in the middle of the pause, for which Azure does nothing', troubled);
  const strikes: Strike[] = [{ do: 'arm', mutation, fault }, ...given.strikes];
  return { ...given, strikes, expected: { outcomes: ['RolledBack'] } };
}

/**
 * The worker dies, and the pods with the leases by which another would know of the pause: what was asked for comes only when that one
 * has looked. It is followed through: somebody is asked only because clients were cut off.
 */
function lateAndUnwatched(pause: Pause): Case {
  const { mutation, server: holdUp } = pause;
  const trouble = 'its pods are replaced' as const;
  return {
    ...struck(trouble, 'in the middle of the pause, the worker too, and the change comes late', [
      { do: 'killWorker', mutation },
      { do: 'troublePooler', mutation, trouble, holdUp, holdMs: lookedMs },
    ]),
    expected: { outcomes: ['Succeeded'], told: ['clients noticed more than the budget allows'] },
  };
}

/** Before the promotion, or the restart, may be asked for: it is given up, or all are paused by then. */
function whenPausing(name: string, troubled: TroubledPooler): Case {
  const strikes: Strike[] = [{ do: 'troublePooler', request: 1, whenPausing: true, ...troubled }];
  return struck(troubled.trouble, name, strikes, ['RolledBack', 'Succeeded']);
}

/**
 * One that dies is there again soon, and one that has missed a reload can read the next file. With any other nobody is led through the pool,
 * and whoever is asked about it goes back.
 */
function throughout(trouble: PoolerTrouble, mutations: number, isWarning: boolean): Case[] {
  const passes = trouble === 'a pod dies';
  const mayPass = passes || trouble === 'a pod misses the reload';
  const outcomes: Outcomes = mayPass ? ['Succeeded', 'RolledBack'] : ['RolledBack'];
  const at = Array.from({ length: mutations }, (_, index) =>
    struck(trouble, `from mutation ${index + 1} on`, [{ do: 'troublePooler', trouble, mutation: index + 1 }], outcomes),
  );
  const first = fromTheBeginning(trouble, isWarning ? ['Succeeded'] : ['Refused', ...outcomes]);
  return [first, ...at].map((given) => ({ ...given, timing, answer: () => (passes ? 'retry' : 'rollback') }));
}

function fromTheBeginning(trouble: PoolerTrouble, outcomes: Outcomes): Case {
  return struck(trouble, 'from the beginning on', [{ do: 'troublePooler', trouble, request: 1 }], outcomes);
}
