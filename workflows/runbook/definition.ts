import type { z } from 'zod';
import type { ClientPath } from '../../activities/clients/contract';
import type { Finding, RunInput, Topology } from '../../catalogue';
import type { AnyStep } from './step';

export interface Settlement {
  problems: string[];
  /** In sentences, for the report of a run that succeeded. */
  evidence: string[];
  /** What it cannot be seen to be any more: an operator is asked, for going back could make it worse. */
  drifted?: string[];
}

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
  steps(input: Input, facts: Facts, topology: Topology): AnyStep[];
  /** The path on which clients are measured while the steps run. */
  clients?(input: Input, facts: Facts, topology: Topology): ClientPath | undefined;
  /** What the soak showed: the facts of the plan, and those after the soak. A problem makes the run go back. */
  settled?(input: Input, before: Facts, after: Facts): Settlement;
  /** US dollars. */
  costChangePerHour?(input: Input, facts: Facts, topology: Topology): number | undefined;
}
