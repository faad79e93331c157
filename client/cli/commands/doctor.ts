import type { Command } from 'commander';
import { exitCodes } from '../../../catalogue';
import type { Check } from '../../doctor';
import { diagnose } from '../../doctor';
import { columns } from '../render/table';
import type { Look } from '../render/text';
import { plainAll, tint } from '../render/text';
import type { Session } from '../session';
import { action } from '../session';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'check what a run needs: Temporal, search attributes, a worker, the topology; Azure where ARM_ENDPOINT says which',
    )
    .option('--fix', 'register search attributes that are missing')
    .action(action(doctor));
}

async function doctor(session: Session, { fix = false }: { fix?: boolean }): Promise<number> {
  const checks = await diagnose(session.temporal(), { fix });
  session.output.result({ ok: checks.every(({ ok }) => ok), checks }, () => renderChecks(checks, session.output.look));
  return checks.every(({ ok }) => ok) ? exitCodes.Succeeded : exitCodes.OtherError;
}

function renderChecks(checks: Check[], look: Look): string {
  return columns(
    look,
    plainAll(checks).map(({ name, ok, found, remedy }) => [
      ok ? tint(look, 'green', 'ok') : tint(look, 'red', 'fail'),
      name,
      remedy === undefined ? found : `${found} → ${remedy}`,
    ]),
    '',
  );
}
