/**
 * The code that a proof runs: the repository's own, or a copy of it that is broken on purpose.
 *
 * Every runbook of a catalogue is taken from its folder by the rule that all follow: `workflows/<name in kebab case>/workflow`
 * exports its `definition`.
 */
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunbookEntry } from '../../../catalogue';

export const repository = join(__dirname, '..', '..', '..');

export interface Runbooks {
  catalogue: Record<string, RunbookEntry>;
  /** Folder of a runbook, from the repository's root, where it is not the usual one. */
  folders?: Record<string, string>;
}

/** One change of the sources. */
export interface Break {
  /** From the repository's root. */
  file: string;
  find: string;
  replace: string;
}

/** Writes the workflows' bundle into `file`: each runbook under hooks, and the lock. `root`: whose sources. */
export async function writeBundle(file: string, { catalogue, folders = {} }: Runbooks, root: string): Promise<void> {
  const exported = Object.keys(catalogue).map((name) => {
    const path = join(root, folders[name] ?? `workflows/${kebab(name)}`, 'workflow');
    return `exports.${name} = runbook(underHooks(require(${JSON.stringify(path)}).definition));`;
  });
  const from = (path: string) => JSON.stringify(join(root, path));
  const entry = file.replace(/\.js$/, '.entry.js');
  await writeFile(
    entry,
    [
      `const { runbook } = require(${from('workflows/runbook/runbook')});`,
      `const { underHooks } = require(${from('test/proof/harness/under-hooks')});`,
      `exports.target = require(${from('workflows/target/target')}).target;`,
      ...exported,
    ].join('\n'),
  );
  const { code } = await bundleWorkflowCode({
    ...{ workflowsPath: entry, logger: new DefaultLogger('ERROR') },
    // The entry lies outside the repository.
    webpackConfigHook: (config) => ({
      ...config,
      resolve: { ...config.resolve, modules: [join(repository, 'node_modules')] },
    }),
  });
  await writeFile(file, code);
}

/** A copy of the sources in `folder` with one change. Throws where the text to change is not there exactly once. */
export async function breakSources(folder: string, { file, find, replace }: Break): Promise<void> {
  const text = await readFile(join(repository, file), 'utf8');
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`${file} has ${places} places with "${find}", not one: it cannot be broken so`);
  await mkdir(folder, { recursive: true });
  for (const part of ['catalogue', 'workflows', 'activities', 'worker', 'test/proof/harness', 'package.json']) {
    await cp(join(repository, part), join(folder, part), { recursive: true });
  }
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(
    join(folder, file),
    text.replace(find, () => replace),
  );
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
