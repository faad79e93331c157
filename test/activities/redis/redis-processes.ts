/** Real Redis or Valkey servers in cluster mode, each with an address of its own, as pods have. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createClient } from 'redis';
import type { Member } from '../../../activities/redis/cluster/view';
import { cacheFolder, program } from '../../../lab/cache';

const run = promisify(execFile);
const programs = join(cacheFolder(), 'debian', 'usr');
const environment = {
  ...process.env,
  LD_LIBRARY_PATH: ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((one) => join(programs, 'lib', one)).join(':'),
};

export const port = 6379;
export const nodeTimeoutMs = 2000;

/** Beyond the labs' networks (lab/addresses/network.ts), one for each process of tests. */
const network = `127.252.${process.pid % 250}`;

const newClient = (host: string) => createClient({ socket: { host, port } });

export class RedisProcesses {
  private readonly folder = mkdtempSync(join(tmpdir(), 'redis-cluster-'));
  private readonly running = new Map<number, ChildProcess>();
  private readonly addresses: string[] = [];
  private lastByte = 1;

  constructor(
    readonly count: number,
    private readonly options: { settings?: string[]; machines?: string[]; valkey?: boolean } = {},
  ) {}

  async start(): Promise<this> {
    await Promise.all(Array.from({ length: this.count }, (_, ordinal) => this.startOne(ordinal)));
    return this;
  }

  /** By default where it was before. */
  async startOne(ordinal: number, address = this.addresses[ordinal] ?? this.freeAddress()): Promise<void> {
    this.addresses[ordinal] = address;
    const folder = join(this.folder, String(ordinal));
    mkdirSync(folder, { recursive: true });
    const child = spawn(
      this.options.valkey ? program('valkey-server') : join(programs, 'bin', 'redis-server'),
      [
        ...['--bind', address, '--port', String(port), '--dir', folder, '--cluster-announce-ip', address],
        ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--protected-mode', 'no'],
        ...['--cluster-node-timeout', String(nodeTimeoutMs), '--save', '', '--appendonly', 'yes'],
        ...['--repl-diskless-sync-delay', '0', '--logfile', join(folder, 'log'), ...(this.options.settings ?? [])],
      ],
      { env: environment, stdio: 'ignore' },
    );
    this.running.set(ordinal, child);
    // Not whoever else has that address.
    const itself = new RegExp(`process_id:${child.pid}\\b`);
    const answers = async () =>
      (await this.cli(ordinal, 'PING')) === 'PONG' && itself.test(await this.cli(ordinal, 'INFO', 'server'));
    for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
      if (await answers().catch(() => false)) return;
      if (Date.now() > deadline) throw new Error(`Redis ${ordinal} on ${address} does not answer: ${folder}/log`);
    }
  }

  freeAddress(): string {
    return `${network}.${++this.lastByte}`;
  }

  async kill(ordinal: number): Promise<void> {
    const child = this.running.get(ordinal);
    if (!child) return;
    this.running.delete(ordinal);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** It answers nothing, and does not know. */
  freeze(ordinal: number): void {
    this.running.get(ordinal)!.kill('SIGSTOP');
  }

  thaw(ordinal: number): void {
    this.running.get(ordinal)!.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.keys()].map((ordinal) => this.kill(ordinal)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  member(ordinal: number): Member {
    const machines = this.options.machines ?? ['a', 'b', 'c'];
    const node = machines[ordinal % machines.length]!;
    return { ordinal, pod: `redis-cluster-${ordinal}`, host: this.addresses[ordinal]!, port, node };
  }

  get members(): Member[] {
    return Array.from({ length: this.count }, (_, ordinal) => this.member(ordinal));
  }

  async cli(ordinal: number, ...command: string[]): Promise<string> {
    return this.redisCli('-h', this.addresses[ordinal]!, ...command);
  }

  async redisCli(...words: string[]): Promise<string> {
    const { stdout } = await run(join(programs, 'bin', 'redis-cli'), words, {
      env: environment,
      timeout: 300_000,
      maxBuffer: 2 ** 26,
    });
    return stdout.trim();
  }

  /** By the node's own id. */
  async onNode<T>(id: string, use: (client: ReturnType<typeof newClient>) => Promise<T>): Promise<T> {
    const ids = await Promise.all(this.members.map(({ ordinal }) => this.cli(ordinal, 'CLUSTER', 'MYID')));
    const client = newClient(this.addresses[ids.indexOf(id)]!);
    await client.connect();
    try {
      return await use(client);
    } finally {
      client.destroy();
    }
  }

  /** Of the first one. */
  async benchmark(...words: string[]): Promise<string> {
    const place = ['-h', this.addresses[0]!, '-p', String(port)];
    const { stdout } = await run(join(programs, 'bin', 'redis-benchmark'), [...place, ...words], { env: environment });
    return stdout.trim();
  }

  /** To be killed half-way. */
  create(): ChildProcess {
    const places = this.members.map(({ host }) => `${host}:${port}`);
    return spawn(
      join(programs, 'bin', 'redis-cli'),
      ['--cluster', 'create', ...places, '--cluster-replicas', '1', '--cluster-yes'],
      { env: environment, stdio: 'ignore' },
    );
  }
}
