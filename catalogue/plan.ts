/**
 * What a plan says. The hash covers the runbook, its input (but for run-input.ts, fieldsOutsideHash), its targets, its refusals and every step's name,
 * resource, from, to and reversibility: nothing that changes by itself (clock, process ids, price, observed replicas), or no hash would survive the wait for an
 * approval.
 */
export type Reversibility = 'reversible' | 'lossy' | 'irreversible';

/** One step as people see it, before it runs. */
export interface PlannedStep {
  /** Unique in its plan, such as "scale primary"; approvals of irreversible steps name it. */
  name: string;
  /** Canonical lower-case id of the one resource that this step changes, such as "postgres:broxiva-db-primary". */
  resource: string;
  from: string;
  to: string;
  reversibility: Reversibility;
  /** More about the change, such as parameters that share its restart; shown, not hashed. */
  detail?: string;
  /** Usual duration in seconds; shown, not hashed. */
  expectedSeconds?: number;
  /** What clients notice, such as "all: ≤ 30 s"; shown, not hashed. */
  impact?: string;
}

/** One answer of the preflight. A refusal stops the run before anything is touched. */
export interface Finding {
  level: 'refusal' | 'warning' | 'ok';
  /** Stable noun, such as "SkuUnavailable"; the refusals' codes are part of the hash. */
  code: string;
  /** The input field it is about, where there is one. */
  field?: string;
  /** What was given, what is allowed, what to do. */
  message: string;
}

/** What the clients of the changed system may notice at most. */
export interface ClientBudget {
  failedRequests: number;
  longestStallSeconds: number;
}

export interface Plan {
  /** 12 hexadecimal digits; people may type the first 6 or more. */
  hash: string;
  runbook: string;
  title: string;
  /** What the plan is about, such as "broxiva-db-primary (broxiva-prod-rg)". */
  subject: string;
  /** The parsed input, defaults filled in. */
  input: Record<string, unknown>;
  /** What the run locks: canonical ids, sorted. */
  targets: string[];
  findings: Finding[];
  steps: PlannedStep[];
  approval: { required: boolean; irreversibleSteps: string[]; why: string };
  clientBudget: ClientBudget;
  /** Difference in US dollars an hour, by the topology's prices; shown, not hashed. */
  costChangePerHour?: number;
}
