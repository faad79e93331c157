/** What preflight asks of the facts, one check after the other: each answers with what it found, or with `ok`. Pure. */
import type { Finding } from '../../catalogue';

/** By what is so where nothing is found: "storage only grows". */
export type Checks<Situation> = Record<string, (situation: Situation) => Finding[]>;

/** Every reason at once. */
export function askAll<Situation>(checks: Checks<Situation>, situation: Situation): Finding[] {
  return Object.entries(checks).flatMap(([code, check]) => {
    const found = check(situation);
    return found.length > 0 ? found : [{ level: 'ok' as const, code, message: code }];
  });
}

/** `field`: of the input; the message says what was given, what is allowed, what to do. */
export function refuse(code: string, field: string, message: string): Finding {
  return { level: 'refusal', code, field, message };
}

export function warn(code: string, field: string, message: string): Finding {
  return { level: 'warning', code, field, message };
}

/** Of Azure's resource locks those that forbid every change. `field`: of the input, that named what they protect. */
export function refuseLocked(field: string, locks: { name: string; level: string; scope: string }[]): Finding[] {
  return locks
    .filter(({ level }) => level === 'ReadOnly')
    .map(({ name, level, scope }) =>
      refuse(
        'ResourceLocked',
        field,
        `resource lock "${name}" (${level}) protects ${scope}: whoever set it must remove it, this run never does`,
      ),
    );
}
