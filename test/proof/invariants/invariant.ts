import type { Evidence } from '../harness/evidence';

export interface Invariant {
  /** As in the list of invariants. */
  number: number;
  name: string;
  /** What contradicts it, each in a sentence with the evidence; nothing where it holds. */
  violations(evidence: Evidence): string[];
}
