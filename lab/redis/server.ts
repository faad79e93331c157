/**
 * One Redis server of the lab: a folder, an address of its own, a real redis-server that answers over TLS on 6380. What Azure
 * makes of it (state, size, what a client may change) is not known here.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'redis';
import { serverAccount } from '../account';
import { ManagedProcess } from '../managed-process';
import { makeOwned, writeOwned } from '../write';
import { until } from '../processes';
import { labUser, redisConfiguration, type RedisKeys, type RedisSettings, redisTlsPort, redisUsers } from './files';
import { redisEnvironment, redisProgram } from './programs';

export interface RedisServerOptions {
  name: string;
  /** The lab's: for the log and the file that names the process. */
  labFolder: string;
  folder: string;
  /** Its own loopback address. */
  address: string;
  /** Of the lab's own user. */
  password: string;
  /** PEM. */
  authority: string;
}

const startDeadlineMs = 20_000;
const fitDeadlineMs = 30_000;
/** Longer than a save of what fits into the memory of a lab's cache. */
const stopGraceMs = 20_000;
const commandMs = 5_000;

export function redisProcess(name: string, labFolder: string): ManagedProcess {
  return new ManagedProcess(`redis-${name}`, labFolder);
}

export class RedisServer {
  private readonly process: ManagedProcess;
  /** The last start, end or replacement: whoever starts it while Azure replaces it waits, and finds it running. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(readonly options: RedisServerOptions) {
    this.process = redisProcess(options.name, options.labFolder);
  }

  /** Writes its files; throws where there is no Redis to run. */
  async make(given: { keys: RedisKeys; settings: RedisSettings; key: string; certificate: string }): Promise<void> {
    redisProgram();
    const { folder, authority } = this.options;
    await makeOwned(folder);
    await makeOwned(join(folder, 'tls'));
    await makeOwned(join(folder, 'data'));
    await writeOwned(join(folder, 'tls', 'server.key'), given.key);
    await writeOwned(join(folder, 'tls', 'server.crt'), given.certificate);
    await writeOwned(join(folder, 'tls', 'authority.pem'), authority);
    await this.writeKeys(given.keys);
    await this.writeSettings(given.settings);
  }

  get name(): string {
    return this.options.name;
  }

  get pid(): number | undefined {
    return this.process.state?.pid;
  }

  /** Nothing to do when it runs. */
  start(): Promise<void> {
    return this.afterTheLast(() => this.startNow());
  }

  private async startNow(): Promise<void> {
    const account = serverAccount();
    await this.process.start(
      {
        file: redisProgram(),
        args: [join(this.options.folder, 'redis.conf')],
        environment: redisEnvironment(),
        folder: '/',
        ...(account && { account }),
      },
      async () => (await this.command(['PING'])) === 'PONG',
      startDeadlineMs,
    );
  }

  /** Its data is there again when it is started: nothing that it acknowledged is lost. */
  stop(): Promise<void> {
    return this.afterTheLast(() => this.process.stop(stopGraceMs));
  }

  /** As a machine that dies: what was not saved is gone. */
  async kill(): Promise<void> {
    await this.process.kill();
  }

  /** Ends it, and its data with it. */
  lose(): Promise<void> {
    return this.afterTheLast(() => this.loseNow());
  }

  /**
   * Another server takes its place, as in a failover: every connection breaks. `data`: whether it comes along. What does not
   * fit is evicted, whatever the policy says.
   */
  replace(settings: RedisSettings, data: 'kept' | 'lost'): Promise<void> {
    return this.afterTheLast(async () => {
      if (data === 'kept') await this.process.stop(stopGraceMs);
      else await this.loseNow();
      await this.writeSettings(settings);
      await this.startNow();
      await this.fit(settings);
    });
  }

  /** Without a restart: the limit of memory, and what is evicted beyond it. */
  adjust(settings: RedisSettings): Promise<void> {
    return this.afterTheLast(async () => {
      await this.writeSettings(settings);
      // One that is down begins with them.
      await this.startNow();
      await this.command(['CONFIG', 'SET', 'maxmemory-policy', settings.maxmemoryPolicy]);
      await this.command(['CONFIG', 'SET', 'maxmemory', String(settings.maxmemory)]);
      await this.command(['CONFIG', 'SET', 'port', settings.plainPort ? '6379' : '0']);
      await this.fit(settings);
    });
  }

  async setKeys(keys: RedisKeys): Promise<void> {
    await this.writeKeys(keys);
    await this.command(['ACL', 'LOAD']);
  }

  async info(section: string): Promise<string> {
    return String(await this.command(['INFO', section]));
  }

  /** As the lab's own user, on a connection of its own. */
  async command(words: string[]): Promise<unknown> {
    const { address: host, authority: ca, password } = this.options;
    const client = createClient({
      ...{ username: labUser, password },
      socket: { host, port: redisTlsPort, tls: true, ca, connectTimeout: commandMs, reconnectStrategy: false },
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.options.folder, { recursive: true, force: true });
  }

  private async loseNow(): Promise<void> {
    await this.kill();
    await rm(join(this.options.folder, 'data', 'dump.rdb'), { force: true });
  }

  private afterTheLast<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }

  /** Azure evicts with allkeys-lru what a smaller cache has no room for (cache-how-to-scale). */
  private async fit({ maxmemory, maxmemoryPolicy }: RedisSettings): Promise<void> {
    if ((await this.usedMemory()) <= maxmemory) return;
    await this.command(['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru']);
    // Redis evicts before it obeys a command, some milliseconds at a time.
    const fits = async () => (await this.usedMemory()) <= maxmemory;
    await until(`${this.name} fits`, fits, { deadlineMs: fitDeadlineMs, everyMs: 20 });
    await this.command(['CONFIG', 'SET', 'maxmemory-policy', maxmemoryPolicy]);
  }

  private async usedMemory(): Promise<number> {
    return Number(/^used_memory:(\d+)/m.exec(await this.info('memory'))?.[1]);
  }

  private writeKeys(keys: RedisKeys): Promise<void> {
    return writeOwned(join(this.options.folder, 'users.acl'), redisUsers(keys, this.options.password));
  }

  private writeSettings(settings: RedisSettings): Promise<void> {
    const { address, folder } = this.options;
    return writeOwned(join(folder, 'redis.conf'), redisConfiguration({ address, folder, settings }));
  }
}
