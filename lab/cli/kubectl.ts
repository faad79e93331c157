/** `lab kubectl`: the cluster's own kubectl, which is as new as the cluster; the machine's, if it has one, may be too old. */
import type { Command } from 'commander';
import { spawnSync } from 'node:child_process';
import { labEnvironment } from '../environment';
import { controlPlaneProgram } from '../kubernetes/control/programs';
import type { Lab } from '../lab';

const name = 'kubectl';

export function addKubectlCommand(program: Command, theLab: () => Lab): void {
  program
    .command(name)
    .description("kubectl on the lab's cluster, with all its arguments")
    .argument('[arguments...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(() => {
      const lab = theLab();
      if (!lab.configuration.kubernetes)
        throw new Error(`lab "${lab.name}" has no cluster: \`lab up --kubernetes\` makes one that has`);
      // As they were given: a parser would lose the `--` before a command of `exec`.
      const given = process.argv.slice(process.argv.indexOf(name) + 1);
      const env = { ...process.env, ...labEnvironment(lab) };
      const { status, error } = spawnSync(controlPlaneProgram('kubectl'), given, { stdio: 'inherit', env });
      if (error) throw error;
      process.exitCode = status ?? 1;
    });
}
