/** What the demo can break, by the names of the lab's faults, and how the run must end then. Data only. */
import type { Outcome } from '../../catalogue';

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
  /** What the operator does when the run needs one. */
  operator?: { clearsFaults: boolean; reason: string };
  /** More fields of the run's input. */
  settings?: string[];
  timeFactor?: number;
}

const primary = 'server=broxiva-db-primary';

/** Nothing goes wrong. */
export const plain: Scenario = {
  story: '',
  faults: [],
  armed: 'before the approval',
  outcome: 'Succeeded',
};

const survives = (story: string, ...faults: string[][]): Scenario => ({ ...plain, story, faults });
export const scenarios: Record<string, Scenario> = {
  'upgrade-fails': {
    ...survives("The primary's change will fail in Azure. The replica is changed by then: the run must put all back.", [
      ...['upgrade-fails', primary],
    ]),
    outcome: 'RolledBack',
  },
  'worker-crash': {
    ...survives(
      'The worker will be killed while Azure changes the primary. A new one must go on, and not ask Azure twice.',
    ),
    killsWorker: true,
    timeFactor: 40,
  },
};

/** Throws with the names there are when this is none. */
export function scenarioOf(fault: string | undefined): Scenario {
  if (!fault) return plain;
  if (Object.hasOwn(scenarios, fault)) return scenarios[fault]!;
  throw new Error(`there is no fault "${fault}"; FAULT can be: ${Object.keys(scenarios).sort().join(', ')}`);
}
