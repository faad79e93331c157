/** Did the case do what it was meant to? A harness that does nothing must not look like a pass. */
import type { Violation } from '../invariants';
import type { Evidence } from './evidence';
import type { Strikes } from './strikes';

const of = 'what was meant to happen';

export function unmet(
  { case: { expected, strikes, mayMiss }, runs: [run] }: Evidence,
  { count, failures, unheard }: Pick<Strikes, 'count' | 'failures' | 'unheard'>,
  missed: string[],
): Violation[] {
  const { outcomes, failed, asked, told } = expected;
  const { report, sightings, status } = run;
  const outcome = status === 'TERMINATED' ? 'Terminated' : report?.outcome;
  const problems: string[] = [...failures];
  // As if it had not been given: what the run then does is asked like everything else.
  const allowed: string[] = unheard.length > 0 ? [...outcomes, 'Succeeded'] : outcomes;
  if (!outcome || !allowed.includes(outcome)) {
    problems.push(`the outcome is ${outcome ?? 'open'} (${report?.summary ?? ''}), not ${allowed.join(' or ')}`);
  }
  if (failed) {
    const step = report?.steps[failed.step];
    if (!step?.error?.includes(failed.words)) {
      problems.push(`"${step?.name}" was to fail with: ${failed.words}; it tells: ${step?.error ?? 'no failure'}`);
    }
    const others = report?.steps.filter((other) => other !== step && other.error !== undefined) ?? [];
    problems.push(...others.map(({ name, error }) => `"${name}" was not to fail, and tells: ${error}`));
  }
  const steps = run.plan?.steps.map(({ name }) => name) ?? [];
  const questions = sightings.map(({ status: { trouble } }) => steps.indexOf(trouble?.step ?? ''));
  if (asked && questions.join() !== asked.join()) {
    const words = sightings.map(({ status: { trouble } }) => trouble?.tried.at(-1) ?? 'nothing').join(' | ');
    problems.push(
      `an operator was to be asked about steps [${asked.join(', ')}], and was about [${questions.join(', ')}]: ${words}`,
    );
  }
  const causes = sightings[0]?.status.trouble?.tried.join(' ') ?? '';
  for (const words of told ?? []) {
    if (!causes.includes(words)) problems.push(`the operator was not told: ${words}`);
  }
  if (mayMiss) return problems.map((what) => ({ of, what }));
  problems.push(...missed.map((fault) => `the fault ${fault} never struck`));
  if (count < strikes.length) problems.push(`only ${count} of ${strikes.length} strikes happened`);
  return problems.map((what) => ({ of, what }));
}
