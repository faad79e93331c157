/** A lab with a cluster, and kubectl in it, as a person uses it. */
import { execFile } from 'node:child_process';
import { program } from '../../lab/cache';
import { labEnvironment } from '../../lab/environment';
import { Lab } from '../../lab/lab';
import { scratchName } from './scratch-lab';

/** The command line, under this Node.js: what it starts runs without a build too. Throws when it fails. */
export function labCommand(name: string, ...args: string[]): Promise<string> {
  const command = ['-r', './test/lab/typescript.cjs', 'lab/cli/main.ts', '--name', name, ...args];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, (error, out, errors) => {
      if (error) reject(new Error(`lab ${args.join(' ')}: ${errors}`));
      else resolve(out);
    });
  });
}

export async function makeClusterLab(): Promise<Lab> {
  const name = scratchName();
  await labCommand(name, 'up', '--kubernetes', '--no-worker', '--time-factor', '600');
  return Lab.find(name)!;
}

export interface Outcome {
  code: number;
  out: string;
  error: string;
}

export function runKubectl(lab: Lab, args: string[], input = ''): Promise<Outcome> {
  const env = { PATH: process.env.PATH, HOME: lab.path('kubernetes'), ...labEnvironment(lab) };
  return new Promise((resolve) => {
    const child = execFile(program('kubectl'), args, { env, maxBuffer: 2 ** 26 }, (error, out, errors) => {
      resolve({ code: error ? Number(error.code) : 0, out, error: errors });
    });
    child.stdin!.end(input);
  });
}

/** What kubectl printed. Throws when it failed. */
export async function kubectl(lab: Lab, ...args: string[]): Promise<string> {
  const { code, out, error } = await runKubectl(lab, args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${error}`);
  return out;
}

export async function kubectlJson<T = any>(lab: Lab, ...args: string[]): Promise<T> {
  return JSON.parse(await kubectl(lab, ...args, '-o', 'json')) as T;
}

export async function apply(lab: Lab, ...objects: object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  const { code, error } = await runKubectl(lab, ['apply', '-f', '-'], JSON.stringify(list));
  if (code !== 0) throw new Error(error);
}
