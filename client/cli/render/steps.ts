import type { StepProgress, StepState } from '../../../catalogue';
import { duration } from '../../../catalogue';
import { columns } from './table';
import type { Look, Tone } from './text';
import { tint } from './text';
import { secondsBetween } from './time';

const icons: Record<StepState, { icon: string; tone: Tone }> = {
  pending: { icon: '·', tone: 'dim' },
  applying: { icon: '▶', tone: 'cyan' },
  verifying: { icon: '▶', tone: 'cyan' },
  done: { icon: '✓', tone: 'green' },
  failed: { icon: '✗', tone: 'red' },
  undoing: { icon: '◀', tone: 'yellow' },
  undone: { icon: '↩', tone: 'yellow' },
  'undo failed': { icon: '✗', tone: 'red' },
  'left in place': { icon: '!', tone: 'yellow' },
};

/** One line a step: what became of it, how long it took or takes, and the evidence. The steps are safe to print already. */
export function renderSteps(steps: readonly StepProgress[], now: string, look: Look): string {
  return columns(
    look,
    steps.map((step, index) => {
      const { icon, tone } = icons[step.state];
      return [
        tint(look, tone, `${icon} ${index + 1}`),
        step.name,
        `${step.from} → ${step.to}`,
        stateAndTime(step, now),
        note(step),
      ];
    }),
  );
}

/** "verifying, 1 min 2 s of ~6 min", "done in 5 min 48 s", "~6 min". */
export function stateAndTime(step: StepProgress, now: string): string {
  const expected = step.expectedSeconds === undefined ? undefined : `~${duration(step.expectedSeconds)}`;
  if (step.startedAt === undefined) return step.state === 'pending' ? (expected ?? '') : step.state;
  if (step.endedAt !== undefined) return `${step.state} in ${duration(secondsBetween(step.startedAt, step.endedAt))}`;
  const elapsed = duration(Math.round(secondsBetween(step.startedAt, now)));
  return `${step.state}, ${elapsed}${expected === undefined ? '' : ` of ${expected}`}`;
}

/** Long errors are told in full where a run says why it failed; a table keeps their beginning. */
const errorMax = 160;

function note(step: StepProgress): string {
  const { state, impact, reversibility } = step;
  const news = newsOf(step);
  if (news !== undefined) return news.length > errorMax && state !== 'done' ? `${news.slice(0, errorMax)}…` : news;
  if (state !== 'pending') return '';
  return [reversibility === 'reversible' ? undefined : reversibility.toUpperCase(), impact].filter(Boolean).join(', ');
}

/** What became of a step, in its own words: the evidence where it ended well, else the error. */
export function newsOf({ state, evidence, error }: StepProgress): string | undefined {
  if (state === 'done') return evidence && `verified: ${evidence}`;
  if (state === 'undone' && evidence !== undefined) return `restored: ${evidence}`;
  return error ?? evidence;
}
