/** A lab with a cluster, and kubectl in it, as a person uses it. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { program } from '../../../lab/cache';
import { labEnvironment } from '../../../lab/environment';
import { Lab } from '../../../lab/lab';
import { scratchName } from '../scratch-lab';

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

export const production = 'broxiva-prod';

export async function makeClusterLab({ worker }: { worker: boolean }): Promise<Lab> {
  const name = scratchName();
  await labCommand(name, 'up', '--kubernetes', '--time-factor', '600', ...(worker ? [] : ['--no-worker']));
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

export async function podsOf(lab: Lab, app: string): Promise<any[]> {
  return (await kubectlJson(lab, 'get', 'pods', '-n', production, '-l', `app=${app}`)).items;
}

export async function serviceUrl(lab: Lab, name: string): Promise<string> {
  return `http://${(await kubectlJson(lab, 'get', 'service', name, '-n', production)).spec.clusterIP}`;
}

/** A pod of one container, `main`, in the namespace `default`. */
export function pod(name: string, container: object, spec: object = {}): object {
  const main = { name: 'main', image: 'busybox:1.36', ...container };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...spec, containers: [main] } };
}

export async function statusOf(lab: Lab, name: string, ...options: string[]): Promise<any> {
  return (await kubectlJson(lab, 'get', 'pod', name, ...options)).status.containerStatuses?.[0];
}

/** The process of a pod's service, as this machine numbers it; NaN where there is none. */
export function processOf({ status: { podIP } }: { status: { podIP: string } }): number {
  const found = readdirSync('/proc').find((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/exe`).endsWith('/node') &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`POD_ADDRESS=${podIP}`)
      );
    } catch {
      return false;
    }
  });
  return Number(found);
}

/** Pids of live processes that name the lab; not those that were forked off one and have not begun what they are for. */
export function processesOf(name: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    const command = textOf(pid, 'cmdline');
    const parent = /^PPid:\s*(\d+)$/m.exec(textOf(pid, 'status'))?.[1] ?? '';
    return command.includes(name) && command !== textOf(parent, 'cmdline');
  });
}

/** Empty where there is no such process any more. */
function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
