/** Faults: to a process at once (`lab worker kill`), and those that Azure Resource Manager waits to make (`lab fault`). */
import type { Command } from 'commander';
import type { FaultListing } from '../azure';
import { askDaemon } from '../control-client';
import type { Lab } from '../lab';
import type { Parts } from '../lifecycle/parts';
import { labCommand, printJson } from './output';

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
      parts().worker.freeze();
      done('the worker is frozen');
    });
  worker
    .command('thaw')
    .description('SIGCONT, to one that was replaced meanwhile as well')
    .action(() => {
      parts().worker.thaw();
      done('the worker goes on');
    });
  worker
    .command('replace')
    .description('another takes the place of a frozen one, which knows nothing of it')
    .action(async () => {
      await parts().worker.replace();
      done('another worker is ready');
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
  fault
    .command('list')
    .description('what there is, and what is armed')
    .action(async () => {
      const faults = await askDaemon<FaultListing[]>(theLab(), 'GET', '/faults');
      if (program.opts<{ json?: boolean }>().json) printJson(faults);
      else console.log([...faults.map(showFault), ...clusterHint(theLab())].join('\n'));
    });
  fault.command('clear').action(async () => {
    await askDaemon(theLab(), 'DELETE', '/faults');
    done('no fault is armed');
  });
  fault
    .command('arm <name> [settings...]', { isDefault: true })
    .description('arms one; settings as key=value or --key value')
    .allowUnknownOption()
    .action(async (name: string, settings: string[]) => {
      const armed = await askDaemon(theLab(), 'POST', `/faults/${encodeURIComponent(name)}`, settingsFrom(settings));
      if (program.opts<{ json?: boolean }>().json) printJson(armed);
      else console.log(`armed: ${name}`);
    });
}

/** Those of the cluster are commands of their own. */
function clusterHint({ configuration }: Lab): string[] {
  return configuration.kubernetes ? ['', `  in the cluster: ${labCommand} kubernetes --help`] : [];
}

function showFault({ name, description, options, armed }: FaultListing): string {
  const live = armed.filter(({ remaining }) => remaining !== 0);
  const settings = options.length > 0 ? `   [${options.join(', ')}]` : '';
  return [
    `${live.length > 0 ? '*' : ' '} ${name.padEnd(20)} ${description}${settings}`,
    ...live.map(
      (one) => `      armed: ${JSON.stringify(one.options)}, ${one.hits} hits, ${one.remaining ?? 'any number'} left`,
    ),
  ].join('\n');
}

/** `after=2` and `--after 2` are numbers, all else is text. Throws for anything but pairs of key and value. */
function settingsFrom(words: string[]): Record<string, string | number> {
  const settings: Record<string, string | number> = {};
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const [, option, key = option, value = option && words[++index]] =
      /^(?:--([A-Za-z][\w-]*)|(?:--)?([A-Za-z][\w-]*)=(.*))$/s.exec(word) ?? [];
    if (key === undefined || value === undefined)
      throw new Error(`"${word}" is not a setting: key=value or --key value is needed`);
    settings[key] = value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return settings;
}
