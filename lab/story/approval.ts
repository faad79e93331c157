import type { Report } from '../../catalogue';

/** As `runbook approve` wants them: by name each step that cannot be undone. */
export function naming(steps: Report['steps']): string[] {
  return steps
    .filter(({ reversibility }) => reversibility === 'irreversible')
    .flatMap(({ name }) => ['--irreversible', name]);
}
