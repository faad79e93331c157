/** The lab's own processes: what each is, and how it is started. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { askDaemon } from '../control-client';
import { Cluster } from '../kubernetes/cluster';
import { type Lab, repository } from '../lab';
import { ManagedProcess } from '../managed-process';
import { redisProcess } from '../redis/server';
import { Temporal } from '../temporal/temporal';
import { Worker } from '../worker/worker';

/** Making the production is part of it. */
const daemonStartDeadlineMs = 180_000;

export class Parts {
  readonly temporal: Temporal;
  readonly worker: Worker;
  readonly daemon: ManagedProcess;
  /** Undefined when the lab was made without. */
  readonly cluster: Cluster | undefined;

  constructor(private readonly lab: Lab) {
    this.temporal = new Temporal(lab);
    this.worker = new Worker(lab, this.temporal);
    this.daemon = new ManagedProcess('daemon', lab.folder);
    this.cluster = lab.configuration.kubernetes ? new Cluster(lab) : undefined;
  }

  async startDaemon(): Promise<void> {
    await this.daemon.start(
      {
        file: process.execPath,
        args: [...process.execArgv, require.resolve('../daemon/main'), this.lab.name],
        environment: process.env,
        folder: repository,
      },
      async () => (await askDaemon<{ ready: boolean }>(this.lab, 'GET', '/ready')).ready,
      daemonStartDeadlineMs,
    );
  }

  /** The process of every cache of the lab, whether the daemon knows it or not. */
  get caches(): ManagedProcess[] {
    const folder = this.lab.cachesFolder;
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.map((name) => redisProcess(name, this.lab.folder));
  }

  /** The data folders of every PostgreSQL server of the lab, whether the daemon knows it or not. */
  get dataFolders(): string[] {
    const folder = this.lab.serversFolder;
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.map((name) => join(folder, name, 'data'));
  }
}
