/**
 * The real Azure CLI (PyPI azure-cli), installed by need. It signs in as it does on a machine in Azure, by the managed identity
 * whose endpoint the lab has, to a cloud whose Resource Manager is the lab's.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cacheFolder } from '../cache';
import { labEnvironment } from '../environment';
import { type Lab, repository } from '../lab';

const python = 'python3';

/** A minute, where it is not there yet. Throws when it cannot be installed. */
export async function installAzureCli(): Promise<void> {
  const [status] = (await once(spawn(join(repository, 'setup', 'azure-cli'), { stdio: 'inherit' }), 'close')) as [
    number,
  ];
  if (status !== 0)
    throw new Error('the Azure CLI could not be installed: run setup/azure-cli, or leave --with-az out');
}

export class AzureCli {
  private readonly environment: NodeJS.ProcessEnv;

  constructor(private readonly lab: Lab) {
    this.environment = {
      ...{ ...process.env, ...labEnvironment(lab) },
      PYTHONPATH: join(cacheFolder(), 'tools', 'azure-cli'),
      AZURE_CONFIG_DIR: this.folder,
      REQUESTS_CA_BUNDLE: lab.authorityFile,
      ...{ AZURE_CORE_COLLECT_TELEMETRY: 'false', AZURE_CORE_ONLY_SHOW_ERRORS: 'true', AZURE_CORE_OUTPUT: 'none' },
    };
  }

  async signIn(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const endpoints = {
      'resource-manager': this.lab.resourceManager,
      // Asked by people who sign in; a managed identity is not sent there.
      'active-directory': 'https://login.microsoftonline.com',
      'active-directory-resource-id': 'https://management.azure.com/',
    };
    const given = Object.entries(endpoints).flatMap(([name, url]) => [`--endpoint-${name}`, url]);
    await this.run(['cloud', 'register', '--name', 'lab', '--skip-endpoint-discovery', ...given]);
    await this.run(['cloud', 'set', '--name', 'lab']);
    await this.run(['login', '--identity']);
  }

  /** Throws with what it complained of for any exit status but 0. */
  async run(args: string[]): Promise<void> {
    const child = spawn(python, ['-m', 'azure.cli', ...args], {
      env: this.environment,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    const [complaint, [status]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number]>]);
    if (status !== 0)
      throw new Error(`az ${args.slice(0, 3).join(' ')} ended with status ${status}: ${complaint.trim()}`);
  }

  private get folder(): string {
    return this.lab.path('azure-cli');
  }
}
