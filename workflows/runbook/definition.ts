import type { z } from 'zod';
import type { Finding, RunInput, Topology } from '../../catalogue';
import type { AnyStep } from './step';

/**
 * A runbook: what it asks for, what it reads, what it refuses, what it does. Everything but `preflight` is a pure function,
 * so that the same facts always give the same plan.
 */
export interface Runbook<Input extends RunInput, Facts> {
  /** The workflow type: the name in the catalogue. */
  name: string;
  /** Strict; parsed before anything else, for Temporal UI sends raw JSON or nothing at all. */
  input: z.ZodType<Input>;
  title: string;
  /** What the run is about, for people: "broxiva-db-primary (broxiva-prod-rg)". */
  subject(input: Input, topology: Topology): string;
  /** Reads only. Called for the plan, again under the lock, and once more when all is done. */
  preflight(input: Input, topology: Topology): Promise<Facts>;
  /** Canonical ids of all that the run locks. */
  targets(input: Input, facts: Facts): string[];
  /** Every refusal and warning at once. */
  findings(input: Input, facts: Facts, topology: Topology): Finding[];
  steps(input: Input, facts: Facts): AnyStep[];
  /** Whose clients are measured while the steps run: the name of a server. */
  measuredServer?(input: Input, topology: Topology): string;
  costChangePerMonth?(input: Input, facts: Facts): number | undefined;
}
