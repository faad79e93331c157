/** What the demo can break, by the names of the lab's faults, and how the run must end then. Data only. */
import type { Outcome } from '../../catalogue';
import { production } from '../lab';

export interface Scenario {
  /** What goes wrong, and what is to be seen. */
  story: string;
  /** Faults with their settings, as `lab fault` takes them. */
  faults: string[][];
  /** When they are armed: before anything is read, or when only the approval is missing. */
  armed: 'before the plan' | 'before the approval';
  outcome: Outcome;
  /** Kill the worker while Azure is at work on the primary. */
  killsWorker?: true;
  /** What the operator does when the run needs one, as it must. */
  operator?: { clearsFaults: boolean; reason: string };
  /** More fields of the run's input. */
  settings?: string[];
  /** What Azure's times are divided by, instead of the demo's usual factor. */
  timeFactor?: number;
}

export const wanted = { sku: 'Standard_D8ds_v4', storageGb: 512 };
export const replica = 'broxiva-db-replica-1';

const ofPrimary = `server=${production.primary}`;
const ofReplica = `server=${replica}`;

const survives = (story: string, ...faults: string[][]): Scenario => ({
  ...{ story, faults },
  ...{ armed: 'before the approval', outcome: 'Succeeded' },
});

const refuses = (story: string, ...fault: string[]): Scenario => ({
  ...{ story, faults: [fault] },
  ...{ armed: 'before the plan', outcome: 'Refused' },
});

/** Nothing goes wrong. */
export const plain = survives('');

export const scenarios: Record<string, Scenario> = {
  'upgrade-fails': {
    ...survives(
      "The primary's change will fail in Azure. The replica has been changed by then: all must be put back.",
      ['upgrade-fails', ofPrimary],
    ),
    outcome: 'RolledBack',
  },
  'operation-canceled': {
    ...survives("Azure will cancel the primary's change for something newer. All must be put back.", [
      'operation-canceled',
      ofPrimary,
      'after=1',
    ]),
    outcome: 'RolledBack',
  },
  'undo-refused': {
    ...survives(
      "The primary's change will fail, and then Azure refuses to make the replica small again: the run must ask.",
      ['upgrade-fails', ofPrimary],
      ['undo-refused', ofReplica],
    ),
    outcome: 'RolledBack',
    operator: { clearsFaults: false, reason: 'Azure has room for the old size again' },
  },
  'operation-hangs': {
    ...survives("The primary's change will never end in Azure. After its deadline the run must ask, not guess.", [
      'operation-hangs',
      ofPrimary,
      'after=1',
    ]),
    operator: { clearsFaults: true, reason: 'Azure support has freed the operation' },
    settings: ['timing.operationTimeoutSeconds=15'],
  },

  'replica-lags': {
    ...survives(
      'The replica will apply nothing any more. A size is not taken for good before its server is in sync: the run must ask.',
      ['replica-lags', ofReplica],
    ),
    outcome: 'RolledBack',
    operator: { clearsFaults: true, reason: 'the replica applies again' },
    settings: ['timing.verificationTimeoutSeconds=20'],
  },

  'worker-crash': {
    ...survives(
      'The worker will be killed while Azure changes the primary. A new one must go on, and not ask Azure twice.',
    ),
    killsWorker: true,
    timeFactor: 40,
  },
  'temporal-crash': survives("Temporal's server will be killed while Azure is at work. Nothing may be forgotten.", [
    'temporal-crash',
    'after=1',
  ]),
  'postgres-crash': survives(
    "The primary's postmaster will be killed while Azure changes its size. No row may be lost.",
    ['postgres-crash', ofPrimary, 'after=1'],
  ),

  throttle: survives('Azure will answer 429 to three requests. Nobody may ask again before it says so.', ['throttle']),
  'server-error': survives('Azure will answer 500 to a change. Read first, then decide.', [
    'server-error',
    'on=mutation',
  ]),
  unavailable: survives('Azure will answer a change with 503 and a page of HTML.', ['unavailable', 'on=mutation']),
  conflict: survives('Azure will answer 409 to a change.', ['conflict']),
  'still-busy': survives('After each change Azure stays busy for a while, and refuses the next one.', ['still-busy']),
  'lost-response': survives('Azure will accept a change, but its answer is lost. It must not be asked twice.', [
    'lost-response',
    ofPrimary,
    'after=1',
  ]),
  'stale-read': survives('After a change is accepted, Azure shows the old values for a while.', [
    'stale-read',
    ofPrimary,
  ]),
  'huge-reply': survives('Azure will answer with three megabytes.', ['huge-reply']),
  'poll-not-found': survives('Azure will answer 404 while a change goes on. It goes on nevertheless.', [
    'poll-not-found',
  ]),
  'poll-error': survives('Azure will answer 500 while a change goes on. It goes on nevertheless.', ['poll-error']),

  'foreign-operation': refuses(
    "Somebody else is changing the server. It is not this run's to touch.",
    'foreign-operation',
    ofPrimary,
  ),
  'replica-diverges': refuses(
    'The replica was promoted behind our back. A change would make it look like one that is in sync.',
    'replica-diverges',
    ofReplica,
  ),
  'backup-too-old': refuses(
    'The newest backup is two days old. Without a fresh one nothing is changed.',
    'backup-too-old',
  ),
  'backup-missing': refuses('There is no backup. Without one nothing is changed.', 'backup-missing'),
  'sku-unavailable': refuses('Azure does not offer the new size here.', 'sku-unavailable', `sku=${wanted.sku}`),
};

/** Throws with the names there are when this is none. */
export function scenarioOf(fault: string | undefined): Scenario {
  if (!fault) return plain;
  if (Object.hasOwn(scenarios, fault)) return scenarios[fault]!;
  throw new Error(`there is no fault "${fault}"; FAULT can be: ${Object.keys(scenarios).sort().join(', ')}`);
}
