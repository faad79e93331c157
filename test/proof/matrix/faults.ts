/** What production does to a run, by the faults of the lab and by people: rows of the table of faults, made for any runbook. */
import { type AzureFault, type Case, green, type Strike } from '../harness/case';
import type { Shown } from './matrix';

type Outcomes = Case['expected']['outcomes'];

export function faults(shown: Shown): Case[] {
  return [...ofAzure(shown), ...ofPeople(shown), ...ofProcesses(shown)];
}

/** Plays with Temporal's server, which all cases share: one at a time. */
export function ofTemporal({ mutations }: Shown): Case[] {
  const moments = [...new Set([1, mutations.length])];
  return moments.map((mutation) =>
    struck('Temporal killed', `at mutation ${mutation}, started again`, [{ do: 'killTemporal', mutation }]),
  );
}

function ofAzure(shown: Shown): Case[] {
  const lastReversible = shown.steps.findLastIndex(({ reversible }) => reversible);
  const busy = { name: 'foreign-operation', server: 0, options: { seconds: 3 } };
  return [
    ...(['read', 'mutation', 'poll'] as const).flatMap((on) => [
      azure('throttle', { on, count: 1, seconds: 3 }),
      azure('server-error', { on }),
      azure('unavailable', { on }),
    ]),
    azure('conflict', {}),
    ...[0, 1].map((after) => azure('lost-response', { after })),
    ...[0, 1].map((after) => azure('operation-canceled', { after }, ['RolledBack'])),
    azure('still-busy', {}),
    azure('stale-read', { seconds: 0.8 }),
    azure('huge-reply', {}),
    azure('poll-not-found', { count: 2 }),
    azure('poll-error', { count: 2 }),
    ...['old', 'new', 'mixed'].map((properties) => azure('upgrade-fails', { properties }, ['RolledBack'])),
    azure('backup-too-old', {}, ['Refused']),
    azure('backup-missing', {}, ['Refused']),
    azure('foreign-operation', { seconds: 3 }, ['Refused']),
    struck(
      'foreign-operation',
      'begins at mutation 1',
      [{ do: 'arm', mutation: 1, fault: busy }],
      ['RolledBack', 'Succeeded'],
    ),
    {
      ...azure('operation-hangs', { after: 1 }),
      timing: { operationTimeoutSeconds: 6 },
      expected: { outcomes: ['Succeeded'], told: ['within the deadline'] },
    },
    {
      ...azure('undo-refused', {}, ['RolledBack']),
      hooks: [{ step: lastReversible, kind: 'failAfter' }],
      expected: { outcomes: ['RolledBack'], told: ['fails on purpose', 'undo of'] },
    },
  ];
}

function ofPeople({ steps, mutations }: Shown): Case[] {
  // From an irreversible step on the run asks, and is told to go on.
  const stopped: Outcomes = steps.every(({ reversible }) => reversible) ? ['RolledBack'] : ['RolledBack', 'Succeeded'];
  const each = (what: 'abort' | 'cancel' | 'terminate', outcomes: Outcomes) =>
    mutations.map((_, index) =>
      struck(what, `at mutation ${index + 1}`, [{ do: what, mutation: index + 1 }], outcomes),
    );
  return [
    ...each('abort', stopped),
    ...each('cancel', stopped),
    ...each('terminate', ['Terminated']),
    struck('pause', 'at mutation 1, then resumed', [{ do: 'pause', mutation: 1 }]),
    struck('rival', 'a second run on the same servers', [{ do: 'startRival', mutation: 1 }]),
  ];
}

function ofProcesses({ mutations, servers }: Shown): Case[] {
  return [
    ...mutations.map((_, index) =>
      struck('worker frozen', `at mutation ${index + 1}, thawed when its replacement went on`, [
        { do: 'freezeWorker', mutation: index + 1, thawAfterMs: 4000 },
      ]),
    ),
    // When it wakes, it is about to send what the run has taken back.
    struck(
      'worker frozen',
      'at the read before mutation 1, the run aborted meanwhile',
      [
        { do: 'abort', request: mutations[0]! - 1 },
        { do: 'freezeWorker', request: mutations[0]! - 1, thawAfterMs: 4000 },
      ],
      ['RolledBack', 'Refused'],
    ),
    ...Array.from({ length: servers }, (_, server) =>
      struck(
        'PostgreSQL killed',
        `server ${server + 1}, at the last mutation`,
        [{ do: 'killPostgres', mutation: mutations.length, server, restartAfterMs: 500 }],
        ['Succeeded', 'RolledBack'],
      ),
    ),
  ];
}

/** On the primary; it is told of in the table by its name. */
function azure(name: string, options: AzureFault['options'], outcomes: Outcomes = ['Succeeded']): Case {
  const words = Object.entries(options).map(([key, value]) => `${key} ${String(value)}`);
  return {
    ...green,
    ...{ helper: name, name: words.join(', ') || 'once' },
    azure: [{ name, options, server: 0 }],
    expected: { outcomes },
  };
}

function struck(helper: string, name: string, strikes: Strike[], outcomes: Outcomes = ['Succeeded']): Case {
  return { ...green, helper, name, strikes, expected: { outcomes } };
}
