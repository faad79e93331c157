/** What production does to a run, by the systems that it changes and by people: rows of the table of faults, made for any runbook. */
import type { Case } from '../harness/case';
import { faultsOfAzure } from './faults-of-azure';
import { faultsOfKubernetes } from './faults-of-kubernetes';
import { faultsOfPoolers } from './faults-of-poolers';
import type { Shown } from './matrix';
import { type Outcomes, struck } from './struck';

const ofSystem = { azure: faultsOfAzure, kubernetes: faultsOfKubernetes };

export function faults(shown: Shown): Case[] {
  return [
    ...shown.systems.flatMap((system) => ofSystem[system](shown)),
    ...faultsOfPoolers(shown),
    ...ofPeople(shown),
    ...ofWorkers(shown),
  ];
}

/** Plays with Temporal's server, which all cases share: one at a time. */
export function ofTemporal({ mutations }: Shown): Case[] {
  const moments = [...new Set([1, mutations.length])];
  return moments.map((mutation) =>
    struck('Temporal killed', `at mutation ${mutation}, started again`, [{ do: 'killTemporal', mutation }]),
  );
}

function ofPeople({ steps, mutations }: Shown): Case[] {
  const stopped: Outcomes = ['RolledBack', ...goingOn(steps)];
  const each = (what: 'abort' | 'cancel' | 'terminate', outcomes: Outcomes) =>
    mutations.map((_, index) =>
      struck(what, `at mutation ${index + 1}`, [{ do: what, mutation: index + 1 }], outcomes),
    );
  return [
    ...each('abort', stopped),
    ...each('cancel', stopped),
    ...each('terminate', ['Terminated']),
    struck('pause', 'at mutation 1, then resumed', [{ do: 'pause', mutation: 1 }]),
    struck('rival', 'a second run on the same targets', [{ do: 'startRival', mutation: 1 }]),
  ];
}

function ofWorkers({ steps, mutations }: Shown): Case[] {
  const stopped: Outcomes = ['RolledBack', 'Refused', ...goingOn(steps)];
  return [
    ...mutations.map((_, index) =>
      struck('worker frozen', `at mutation ${index + 1}, thawed when its replacement went on`, [
        { do: 'freezeWorker', mutation: index + 1, thawAfterMs: 4000 },
      ]),
    ),
    // Temporal does not try again what was told to stop.
    ...mutations.map((_, index) =>
      struck(
        'abort, worker killed',
        `at mutation ${index + 1}`,
        [
          { do: 'abort', mutation: index + 1 },
          { do: 'killWorker', mutation: index + 1 },
        ],
        stopped,
      ),
    ),
    // When it wakes, it is about to send what the run has taken back.
    struck(
      'worker frozen',
      'at the read before mutation 1, the run aborted meanwhile',
      [
        { do: 'abort', request: mutations[0]! - 1 },
        { do: 'freezeWorker', request: mutations[0]! - 1, thawAfterMs: 4000 },
      ],
      stopped,
    ),
  ];
}

/** From an irreversible step on a run that is stopped asks, and is told to go on. */
function goingOn(steps: Shown['steps']): Outcomes {
  return steps.every(({ reversible }) => reversible) ? [] : ['Succeeded'];
}
