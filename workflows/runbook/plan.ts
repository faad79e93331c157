import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import stringify from 'fast-json-stable-stringify';
import type { Finding, Plan, PlannedStep, RunInput, Topology } from '../../catalogue';
import { fieldsOutsideHash } from '../../catalogue';
import type { Runbook } from './definition';
import type { AnyStep } from './step';

/** What preflight found, and what follows from it. */
export interface Proposal<Facts> {
  plan: Plan;
  facts: Facts;
  steps: AnyStep[];
}

/** Makes the plan of a runbook from its input and what preflight read. Pure. */
export function propose<Input extends RunInput, Facts>(
  runbook: Runbook<Input, Facts>,
  input: Input,
  facts: Facts,
  topology: Topology,
): Proposal<Facts> {
  const findings = runbook.findings(input, facts, topology);
  const refused = findings.some((finding) => finding.level === 'refusal');
  const steps = refused ? [] : runbook.steps(input, facts, topology);
  const targets = [...new Set(runbook.targets(input, facts))].sort();
  assertPlannable(steps, targets);
  const faces = steps.map(faceOf);
  const plan: Plan = {
    hash: hashOf(runbook.name, input, targets, faces, findings),
    runbook: runbook.name,
    title: runbook.title,
    subject: runbook.subject(input, topology),
    input: input,
    targets,
    findings,
    steps: faces,
    approval: approvalFor(faces, input, topology),
    clientBudget: input.clientBudget,
    costChangePerHour: refused ? undefined : runbook.costChangePerHour?.(input, facts, topology),
  };
  return { plan, steps, facts };
}

export function refusalsOf(plan: Plan): Finding[] {
  return plan.findings.filter((finding) => finding.level === 'refusal');
}

/** Whether somebody must be asked: the topology's policy, or the input's wish for more. */
export function approvalFor(
  steps: Pick<PlannedStep, 'name' | 'reversibility'>[],
  input: Pick<RunInput, 'approval'>,
  topology: Pick<Topology, 'approval'>,
): Plan['approval'] {
  const irreversibleSteps = steps.filter((step) => step.reversibility === 'irreversible').map((step) => step.name);
  const asking = steps.find((step) => topology.approval[step.reversibility] === 'required');
  if (asking) {
    return { required: true, irreversibleSteps, why: `policy: "${asking.name}" is ${asking.reversibility}` };
  }
  if (steps.length > 0 && input.approval === 'required') {
    return { required: true, irreversibleSteps, why: 'asked for by the input' };
  }
  return { required: false, irreversibleSteps, why: 'policy: no step of this plan needs an approval' };
}

function hashOf(
  runbook: string,
  input: RunInput,
  targets: string[],
  steps: PlannedStep[],
  findings: Finding[],
): string {
  const asked = Object.fromEntries(
    Object.entries(input).filter(([field]) => !(fieldsOutsideHash as readonly string[]).includes(field)),
  );
  const covered = {
    runbook,
    asked,
    targets,
    steps: steps.map(({ name, resource, from, to, reversibility }) => ({ name, resource, from, to, reversibility })),
    refusals: findings.filter((finding) => finding.level === 'refusal').map((finding) => finding.code),
  };
  return bytesToHex(sha256(utf8ToBytes(stringify(covered)))).slice(0, 12);
}

function faceOf({
  name,
  resource,
  from,
  to,
  reversibility,
  detail,
  expectedSeconds,
  impact,
}: PlannedStep): PlannedStep {
  return { name, resource, from, to, reversibility, detail, expectedSeconds, impact };
}

/** A runbook that breaks these is a bug in the runbook: better known before anything is touched. */
function assertPlannable(steps: AnyStep[], targets: string[]): void {
  const names = new Set<string>();
  for (const step of steps) {
    if (names.has(step.name)) throw new Error(`two steps are named "${step.name}"`);
    names.add(step.name);
    if (step.from === step.to) throw new Error(`step "${step.name}" changes nothing: it is ${step.from} already`);
    if (!targets.includes(step.resource))
      throw new Error(`step "${step.name}" changes "${step.resource}", which the run does not lock`);
    if (!step.undo !== (step.reversibility === 'irreversible')) {
      throw new Error(`step "${step.name}" is ${step.reversibility} and has ${step.undo ? 'an' : 'no'} undo`);
    }
  }
}
