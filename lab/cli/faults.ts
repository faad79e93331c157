/** Faults: to a process at once (`lab worker kill`), and those that Azure Resource Manager waits to make (`lab fault`). */
import type { Command } from 'commander';
import { askDaemon } from '../control-client';
import type { Lab } from '../lab';
import type { Parts } from '../lifecycle/parts';
import { printJson } from './output';

export function addFaultCommands(program: Command, theLab: () => Lab, partsOf: (lab: Lab) => Parts): void {
  const done = (what: string) => {
    if (program.opts<{ json?: boolean }>().json) printJson({ done: what });
    else console.log(what);
  };
  const parts = () => partsOf(theLab());

  const worker = program.command('worker').description('the process that carries out runs');
  worker
    .command('kill')
    .description('SIGKILL')
    .action(async () => {
      await parts().worker.process.kill();
      done('the worker was killed');
    });
  worker
    .command('freeze')
    .description('SIGSTOP: it answers nothing, and does not know')
    .action(() => {
      parts().worker.process.signal('SIGSTOP');
      done('the worker is frozen');
    });
  worker
    .command('thaw')
    .description('SIGCONT')
    .action(() => {
      parts().worker.process.signal('SIGCONT');
      done('the worker goes on');
    });
  worker
    .command('start')
    .description('starts one, if none runs')
    .action(async () => {
      await parts().worker.start();
      done('the worker is ready');
    });

  const temporal = program.command('temporal').description("Temporal's server");
  temporal
    .command('kill')
    .description('SIGKILL; its database file stays')
    .action(async () => {
      await parts().temporal.process.kill();
      done('Temporal was killed');
    });
  temporal
    .command('start')
    .description('starts it with its database file')
    .action(async () => {
      await parts().temporal.start();
      done('Temporal is ready');
    });

  const postgres = program.command('postgres').description('a PostgreSQL server');
  postgres
    .command('kill <server>')
    .description('SIGKILL to its postmaster: a crash')
    .action(async (server: string) => {
      await askDaemon(theLab(), 'POST', `/postgres/${encodeURIComponent(server)}/kill`);
      done(`${server} was killed`);
    });
  postgres
    .command('start <server>')
    .description('starts it; it recovers')
    .action(async (server: string) => {
      await askDaemon(theLab(), 'POST', `/postgres/${encodeURIComponent(server)}/start`);
      done(`${server} is running`);
    });

  const fault = program.command('fault').description('what Azure Resource Manager will do wrong');
  fault.command('list').action(async () => printJson(await askDaemon(theLab(), 'GET', '/faults')));
  fault.command('clear').action(async () => {
    await askDaemon(theLab(), 'DELETE', '/faults');
    done('no fault is armed');
  });
  fault
    .command('arm <name> [settings...]', { isDefault: true })
    .description('arms one; settings as key=value')
    .action(async (name: string, settings: string[]) => {
      const armed = await askDaemon(
        theLab(),
        'POST',
        `/faults/${encodeURIComponent(name)}`,
        Object.fromEntries(settings.map(keyAndValue)),
      );
      if (program.opts<{ json?: boolean }>().json) printJson(armed);
      else console.log(`armed: ${name}`);
    });
}

/** `times=2` is a number, all else is text. Throws for anything but key=value. */
function keyAndValue(setting: string): [string, string | number] {
  const [, key, value] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(setting) ?? [];
  if (key === undefined || value === undefined) throw new Error(`"${setting}" is not a setting: key=value is needed`);
  return [key, value !== '' && Number.isFinite(Number(value)) ? Number(value) : value];
}
