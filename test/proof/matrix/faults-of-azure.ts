/** What Azure, and PostgreSQL in it, do to a run: the lab's faults, each as a case of its own. */
import { type AzureFault, type Case, green, type Moment } from '../harness/case';
import { evenly, type Shown } from './matrix';
import { type Outcomes, struck } from './struck';

/** Of all that a run says to PgBouncer and to servers while clients wait. */
const killsInPause = 8;

export function faultsOfAzure(shown: Shown): Case[] {
  return [
    ...ofReads(),
    ...(shown.changesServers ? ofChanges(shown) : []),
    ...(shown.makesReplicas ? ofReplicas() : []),
    ...ofOthers(shown),
  ];
}

/** Nobody is led to one of these, and it goes again. */
function ofReplicas(): Case[] {
  const faults = [
    azure('replica-lags', { by: 'delay' }),
    azure('replica-lags', { by: 'pause' }),
    azure('replica-diverges', {}),
  ];
  return faults.map((fault) => ({
    ...fault,
    timing: { verificationTimeoutSeconds: 15 },
    expected: { outcomes: ['RolledBack'] },
  }));
}

function ofReads(): Case[] {
  return [...answered('read'), azure('huge-reply', {})];
}

/** Faults wait at the primary: a run that changes it meets them. */
function ofChanges({ steps, databases, changesSize, patchesServers, mutationsOf }: Shown): Case[] {
  const lastReversible = steps.findLastIndex(({ reversible }) => reversible);
  // They strike the first step; one that cannot be undone asks, and is tried again.
  const back: Outcomes = steps[0]?.reversible ? ['RolledBack'] : ['Succeeded'];
  const isOne = mutationsOf.azure === 1;
  const afters = isOne ? [0] : [0, 1];
  return [
    ...answered('mutation'),
    ...answered('poll'),
    azure('conflict', {}),
    ...afters.map((after) => azure('lost-response', { after })),
    ...afters.map((after) => azure('operation-canceled', { after }, back)),
    ...(isOne ? [] : [azure('still-busy', {})]),
    ...(patchesServers ? [azure('stale-read', { seconds: 0.8 })] : []),
    azure('poll-not-found', { count: 2 }),
    azure('poll-error', { count: 2 }),
    ...(changesSize ? ['old', 'new', 'mixed'] : []).map((properties) => azure('upgrade-fails', { properties }, back)),
    ...(databases > 0 && changesSize ? ['backup-too-old', 'backup-missing'] : []).map((name) =>
      azure(name, {}, ['Refused']),
    ),
    {
      ...azure('operation-hangs', { after: afters.at(-1)! }),
      timing: { operationTimeoutSeconds: 6 },
      expected: { outcomes: ['Succeeded'], told: ['within the deadline'] },
    },
    ...(lastReversible < 0 || !changesSize ? [] : [undoRefused(lastReversible)]),
  ];
}

function undoRefused(step: number): Case {
  return {
    ...azure('undo-refused', {}, ['RolledBack']),
    hooks: [{ step, kind: 'failAfter' }],
    expected: { outcomes: ['RolledBack'], told: ['fails on purpose', 'undo of'] },
  };
}

function ofOthers(shown: Shown): Case[] {
  const { mutations, caches } = shown;
  const busy = { system: 'azure' as const, name: 'foreign-operation', server: 0, options: { seconds: 3 } };
  return [
    azure('foreign-operation', { seconds: 3 }, ['Refused']),
    struck(
      'foreign-operation',
      'begins at mutation 1',
      [{ do: 'arm', mutation: 1, fault: busy }],
      ['RolledBack', 'Succeeded'],
    ),
    ...(caches > 0 ? mutations : []).map((_, index) =>
      struck(
        'Redis fails over',
        `at mutation ${index + 1}`,
        [{ do: 'failOverRedis', mutation: index + 1, afterMs: 500 }],
        ['Succeeded', 'RolledBack'],
      ),
    ),
    ...killed(shown),
  ];
}

/**
 * At the last mutation, and while clients wait for a server behind a pooler. A run that makes a replica meets it at each of its steps and between them: on the server that was there, and on
 * the new one from when it is made.
 */
function killed({ mutations, databases, makesReplicas, pause, directChanges }: Shown): Case[] {
  const kill = (server: number, name: string, moment: Moment) =>
    struck(
      'PostgreSQL killed',
      `server ${server + 1}, ${name}`,
      [{ ...moment, do: 'killPostgres', server, restartAfterMs: 500 }],
      // The first ones are looks: nothing is begun where it does not answer.
      ['Succeeded', 'RolledBack', ...('directChange' in moment ? ['Refused' as const] : [])],
    );
  const inPause = (pause ? evenly(directChanges, killsInPause) : []).map((directChange, index) => ({
    ...kill(makesReplicas ? index % 2 : 0, `at direct change ${directChange} of ${directChanges}`, { directChange }),
    mayMiss: true,
  }));
  if (!makesReplicas) {
    const atLast = Array.from({ length: databases }, (_, server) =>
      kill(server, 'at the last mutation', { mutation: mutations.length }),
    );
    return [...atLast, ...inPause];
  }
  const atMutations = mutations.flatMap((_, index) =>
    (index === 0 ? [0] : [0, 1]).flatMap((server) => [
      kill(server, `at mutation ${index + 1}`, { mutation: index + 1 }),
      kill(server, `after mutation ${index + 1}`, { afterMutation: index + 1 }),
    ]),
  );
  return [...atMutations, ...inPause];
}

function answered(on: 'read' | 'mutation' | 'poll'): Case[] {
  return [azure('throttle', { on, count: 1, seconds: 3 }), azure('server-error', { on }), azure('unavailable', { on })];
}

/** On the primary; it is told of in the table by its name. */
function azure(name: string, options: AzureFault['options'], outcomes: Outcomes = ['Succeeded']): Case {
  const words = Object.entries(options).map(([key, value]) => `${key} ${String(value)}`);
  return {
    ...green,
    ...{ helper: name, name: words.join(', ') || 'once' },
    faults: [{ system: 'azure', name, options, server: 0 }],
    expected: { outcomes },
  };
}
