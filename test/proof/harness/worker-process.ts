/** A worker as a process of its own, with a task queue of its own: it can be killed, frozen, and replaced. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { labEnvironment } from '../../../lab/environment';
import { until } from '../../../lab/processes';
import { repository } from './code';
import { directDescriptor } from './direct-changes';
import { type RedisRequest, redisDescriptor, redisRequestsIn } from './redis-requests';
import type { Stage } from './stage';

/** Reads that contradict an accepted change are looked at again for this long. */
const settleSeconds = 1;

export class WorkerProcess {
  private current: ChildProcess | undefined;
  private readonly earlier: ChildProcess[] = [];
  readonly logFile: string;
  private readonly log: WriteStream;
  onRedisRequest: (request: RedisRequest) => void = () => undefined;
  /** Called before each; it is sent when this has returned, unless the worker is dead by then. */
  onDirectChange: () => void = () => undefined;

  constructor(
    private readonly stage: Stage,
    /** Also its token at Azure and its task queue. */
    readonly name: string,
    private readonly code: { bundle: string; root: string },
    /** What only this one has. */
    private readonly environment: Record<string, string> = {},
  ) {
    this.logFile = stage.lab.path(`${name}.log`);
    this.log = createWriteStream(this.logFile, { flags: 'a' });
  }

  async start(): Promise<void> {
    const { root, bundle } = this.code;
    const preload = join(repository, 'test/lab/typescript.cjs');
    const worker = spawn(process.execPath, ['-r', preload, join(root, 'test/proof/harness/worker.ts'), bundle], {
      cwd: repository,
      env: {
        ...{ PATH: process.env.PATH, HOME: process.env.HOME, ...labEnvironment(this.stage.lab) },
        ...{ IDENTITY_HEADER: this.name, RUNBOOK_TASK_QUEUE: this.name, RUNBOOK_SETTLE_SECONDS: String(settleSeconds) },
        ...this.environment,
      },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    worker.stdio[redisDescriptor]!.on('data', (told: Buffer) => {
      for (const request of redisRequestsIn(told.toString())) this.onRedisRequest(request);
    });
    const direct = worker.stdio[directDescriptor] as Duplex;
    // Whoever was killed for it hears no answer.
    direct
      .on('error', () => undefined)
      .on('data', (asked: Buffer) => {
        this.onDirectChange();
        direct.write(asked);
      });
    this.current = worker;
    let output = '';
    for (const stream of [worker.stdout, worker.stderr]) {
      stream.on('data', (text: Buffer) => {
        output = (output + text.toString()).slice(-4000);
        this.log.write(text);
      });
    }
    const ready = () => {
      // One that is killed while it starts is replaced by whoever killed it.
      if (worker.signalCode !== null) return true;
      if (worker.exitCode !== null) throw new Error(`the worker ended: ${output}`);
      return output.includes('worker ready');
    };
    await until('the worker is ready', ready, { deadlineMs: 60_000, everyMs: 20 });
  }

  /** SIGKILL, and a new worker. Resolves when that one is ready. */
  replace(): Promise<void> {
    this.current?.kill('SIGKILL');
    return this.start();
  }

  /** SIGSTOP, and a new worker; SIGCONT that many milliseconds after the new one is ready. */
  async freeze(thawAfterMs: number): Promise<void> {
    const frozen = this.current;
    if (!frozen) return;
    frozen.kill('SIGSTOP');
    this.earlier.push(frozen);
    await this.start();
    setTimeout(() => frozen.kill('SIGCONT'), thawAfterMs);
  }

  /** Ends the workers of earlier freezes, which would take work from the present one. */
  async endEarlier(): Promise<void> {
    for (const worker of this.earlier.splice(0)) await end(worker);
  }

  async stop(): Promise<void> {
    await this.endEarlier();
    if (this.current) await end(this.current);
    this.log.end();
  }
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill('SIGKILL');
  await once(worker, 'exit');
}
