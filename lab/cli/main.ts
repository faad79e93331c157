/** The command `lab`: a whole small production on this machine. Exit status 2 for bad usage, 1 for anything else. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { askDaemon } from '../control-client';
import { exportLines, labEnvironment } from '../environment';
import { Lab, labNames } from '../lab';
import { down } from '../lifecycle/down';
import { Parts } from '../lifecycle/parts';
import { up, type UpOptions } from '../lifecycle/up';
import type { TrafficReport } from '../traffic/traffic';
import { addCompareCommand } from './compare';
import { addDemoCommand } from './demo';
import { addFaultCommands } from './faults';
import { addKubectlCommand } from './kubectl';
import { addKubernetesCommands } from './kubernetes';
import { labCommand, printJson } from './output';
import { addQueueCommands } from './queues';
import { addRequestsCommand } from './requests';
import { readStatus, showStatus } from './status';
import { addTimeCommand } from './times';
import { showReport } from './traffic';
import { welcome } from './welcome';

export interface GlobalOptions {
  name: string;
  json?: boolean;
}

const program = new Command('lab')
  .description(
    'A whole small production on this machine: Temporal, Azure Resource Manager, PostgreSQL, traffic, faults.',
  )
  .addOption(new Option('--name <name>', 'which lab').env('LAB_NAME').default('default'))
  .option('--json', 'print JSON')
  .showHelpAfterError()
  .exitOverride();

const globals = () => program.opts<GlobalOptions>();

/** The lab that the command is about. Throws when it is not there. */
function theLab(): Lab {
  const { name } = globals();
  const lab = Lab.find(name);
  if (lab) return lab;
  const others = labNames();
  throw new Error(
    `there is no lab "${name}"${others.length > 0 ? ` (there are: ${others.join(', ')})` : ''}: ${labCommand} up makes one`,
  );
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('a number is needed.');
  return value;
}

program
  .command('up')
  .description('make the lab, or start what of it does not run')
  .option('--replicas <count>', 'read replicas of the primary, 0 to 5 (default: 0)', number)
  .option('--time-factor <factor>', "what Azure's times are divided by (default: 60)", number)
  .option('--memory-factor <factor>', 'what memory sizes are divided by (default: 64)', number)
  .option('--task-queue <name>', 'of the worker (default: runbooks)')
  .option('--no-worker', 'start no worker')
  .option('--kubernetes', 'with a Kubernetes cluster, whose pods are processes of this machine')
  .action(async ({ worker, ...options }: UpOptions & { worker: boolean }) => {
    const { name, json } = globals();
    const report = (line: string) => json || console.log(`  ${line}`);
    const lab = await up(name, { ...options, ...(!worker && { worker }) }, report);
    if (json) printJson(await readStatus(lab));
    else console.log(welcome(lab));
  });

program
  .command('status')
  .description('all that runs: processes, servers, traffic, faults, runs')
  .action(async () => {
    const status = await readStatus(theLab());
    if (globals().json) printJson(status);
    else console.log(showStatus(status));
  });

program
  .command('env')
  .description(`what a shell needs to reach the lab: eval "$(${labCommand} env)"`)
  .action(() => {
    const environment = labEnvironment(theLab());
    if (globals().json) printJson(environment);
    else console.log(exportLines(environment));
  });

program
  .command('down')
  .description('end everything that this lab started, and delete its data')
  .option('--keep-data', 'only end it; `lab up` goes on with the data')
  .action(async ({ keepData = false }: { keepData?: boolean }) => {
    const { name, json } = globals();
    const was = await down(name, { keepData });
    if (json) printJson({ lab: name, was, keepData });
    else
      console.log(was ? `lab ${name} has ended${keepData ? '; its data is kept' : ''}` : `there is no lab "${name}"`);
  });

addRequestsCommand(program, theLab);

const traffic = program.command('traffic').description("the production's clients, which write a ledger");
traffic
  .command('start')
  .option('--clients <count>', 'how many, 1 to 64', number, 4)
  .option('--rate <rows>', 'rows a second, all together, 1 to 1000', number, 100)
  .action(async (settings: { clients: number; rate: number }) => {
    const started = await askDaemon(theLab(), 'POST', '/traffic', settings);
    if (globals().json) printJson(started);
    else
      console.log(
        `${settings.clients} clients write ${settings.rate} rows a second; ${labCommand} traffic report tells how they fare`,
      );
  });
const reportTraffic = (method: 'GET' | 'DELETE') => async () => {
  const report = await askDaemon<TrafficReport>(theLab(), method, '/traffic');
  if (globals().json) printJson(report);
  else console.log(showReport(report));
  if (report.lost > 0 || report.duplicated > 0) process.exitCode = 1;
};
traffic.command('stop').description('end them, and report').action(reportTraffic('DELETE'));
traffic.command('report').description('compares what they were told with what is there').action(reportTraffic('GET'));

addFaultCommands(program, theLab, (lab) => new Parts(lab));
addTimeCommand(program, theLab, number);
addKubectlCommand(program, theLab);
addKubernetesCommands(program, theLab, number);
addQueueCommands(program, theLab, number);
addDemoCommand(program, number);
addCompareCommand(program, number);

program.parseAsync().catch((error: Error) => {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    console.error(`lab: ${error.message}`);
    process.exitCode = 1;
  }
});
