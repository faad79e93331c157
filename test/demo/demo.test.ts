/**
 * Goal: `make demo` shows what it claims, with and without a fault, and ends its lab; several at once do not disturb
 * each other.
 * Method: three demos side by side, each a program of its own and in a hurry; their last tables, and Azure's own log
 * where the lab is kept.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultDefinitions } from '../../lab/azure/faults/catalogue';
import type { LoggedRequest } from '../../lab/azure';
import { labFolder } from '../../lab/cache';
import { scenarios } from '../../lab/demo/scenarios';
import { down } from '../../lab/lifecycle/down';
import { until } from '../../lab/processes';

const repository = join(__dirname, '..', '..');
const demoDeadlineMs = 300_000;
const hurry = ['--time-factor', '240'];

class Demo {
  readonly child: ChildProcess;
  out = '';
  error = '';

  constructor(...args: string[]) {
    const { FAULT: _fault, KEEP: _keep, ...environment } = process.env;
    this.child = spawn(join(repository, 'bin', 'lab'), ['demo', ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (part: Buffer) => (this.out += part.toString()));
    this.child.stderr!.on('data', (part: Buffer) => (this.error += part.toString()));
  }

  /** Resolves to its exit status. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const [status] = (await once(this.child, 'close')) as [number | null];
    return status;
  }

  get lab(): string {
    return /LAB_NAME=(\S+)/.exec(this.out)![1]!;
  }

  /** The table's rows by their titles; a row of several lines is one text. */
  get table(): Record<string, string> {
    const lines = this.out.split(/^─+$/m).at(-2)!.split('\n');
    const rows: [string, string][] = [];
    for (const line of lines.filter((text) => text !== '')) {
      const [, title, value] = /^(\S+(?: \S+)*)? {2,}(.*)$/.exec(line)!;
      if (title) rows.push([title, value!]);
      else rows.at(-1)![1] += `\n${value}`;
    }
    return Object.fromEntries(rows);
  }
}

async function remove(demo: Demo): Promise<void> {
  demo.child.kill('SIGTERM');
  await demo.ended();
  const name = /LAB_NAME=(\S+)/.exec(demo.out)?.[1];
  if (name !== undefined) await down(name, { keepData: false });
}

/** Of each server the sizes that Azure accepted to change it to, in their order. */
function acceptedSizes(lab: string): Record<string, string[]> {
  const log = readFileSync(join(labFolder(lab), 'azure', 'requests.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const requests = new Map(
    log.map((line) => JSON.parse(line) as LoggedRequest).map((request) => [request.id, request]),
  );
  const sizes: Record<string, string[]> = {};
  for (const { method, server, body, status, operationRefused } of requests.values()) {
    const sku = (body as { sku?: { name: string } } | undefined)?.sku?.name;
    if (method === 'PATCH' && sku && Math.floor(status! / 100) === 2 && !operationRefused)
      (sizes[server!] ??= []).push(sku);
  }
  return sizes;
}

const [small, big] = ['Standard_D4ds_v4', 'Standard_D8ds_v4'];
const [primary, replica] = ['broxiva-db-primary', 'broxiva-db-replica-1'];

describe('three demos at once', () => {
  let plain: Demo;
  let failing: Demo;
  let crashing: Demo;

  beforeAll(async () => {
    plain = new Demo(...hurry);
    failing = new Demo(...hurry, '--fault', 'upgrade-fails', '--keep');
    // Slow enough that the new worker finds the change still going on.
    crashing = new Demo('--time-factor', '60', '--fault', 'worker-crash', '--keep');
    await Promise.all([plain, failing, crashing].map((demo) => demo.ended()));
  }, demoDeadlineMs);

  afterAll(() => Promise.all([plain, failing, crashing].map(remove)));

  test('an upgrade: planned, approved by another person, verified, and nothing is left of its lab', async () => {
    expect(plain.error).toBe('');
    expect(await plain.ended()).toBe(0);
    expect(plain.table).toMatchObject({
      outcome: expect.stringMatching(/^Succeeded in \d/),
      steps: expect.stringMatching(/^(✓ (scale|grow) \S+ +done in .* → .*\n?){4}$/),
      'failed requests': expect.stringMatching(/ by the ledger's clients, .* by the run's probe; of 200 allowed$/),
      'longest stall': expect.stringMatching(/; of 60 s allowed$/),
      ledger: expect.stringMatching(/^[\d,]+ rows acknowledged, 0 lost, 0 there twice$/),
      'servers now': expect.stringMatching(/^(\S+ +D8ds_v4, 512 GiB; by SQL 3437 connections.*\n?){2}$/),
      'Temporal history': expect.stringMatching(/^\d+ events$/),
      'Temporal UI': expect.stringMatching(/^http:.*databaseSkuUpgrade/),
    });
    expect(plain.out).toMatch(/^lead@example\.com approves/m);
    expect(plain.out.trimEnd()).toMatch(/─$/);
    expect(existsSync(labFolder(plain.lab))).toBe(false);
  });

  test('an upgrade that fails: put back, by Azure and by SQL', async () => {
    expect(failing.error).toBe('');
    expect(await failing.ended()).toBe(0);
    expect(failing.table).toMatchObject({
      outcome: expect.stringMatching(/^RolledBack in \d/),
      ledger: expect.stringMatching(/, 0 lost, 0 there twice$/),
      'servers as before': expect.stringMatching(/^(\S+ +D4ds_v4, 256 GiB; by SQL 1718 connections.*\n?){2}$/),
    });
    expect(failing.table.steps!.match(/↩ .* undone in/g)).toHaveLength(2);
    expect(acceptedSizes(failing.lab)).toEqual({ [primary]: [big], [replica]: [big, small] });
    expect(failing.out).toContain(`export LAB_NAME=${failing.lab}`);
  });

  test('a worker that is killed: a new one goes on, and Azure was asked once', async () => {
    expect(crashing.error).not.toContain('demo:');
    expect(await crashing.ended()).toBe(0);
    expect(crashing.out).toContain('the worker was killed');
    expect(crashing.table.outcome).toMatch(/^Succeeded/);
    expect(crashing.table.ledger).toMatch(/, 0 lost, 0 there twice$/);
    expect(acceptedSizes(crashing.lab)).toEqual({ [primary]: [big], [replica]: [big] });
  });
});

test('an unknown fault: one line, with those there are, and no lab', async () => {
  const demo = new Demo('--fault', 'earthquake');
  expect(await demo.ended()).toBe(1);
  expect(demo.out).toBe('');
  expect(demo.error).toMatch(/^lab: there is no fault "earthquake"; FAULT can be: .*upgrade-fails, worker-crash\n$/);
});

test('Ctrl-C ends the lab', async () => {
  const demo = new Demo(...hurry);
  try {
    await until('the lab is coming up', () => demo.out.includes('ready after'), { deadlineMs: 50_000 });
    demo.child.kill('SIGINT');
    expect(await demo.ended()).toBe(130);
    expect(demo.out).toMatch(/has ended\n$/);
    expect(existsSync(labFolder(demo.lab))).toBe(false);
  } finally {
    await remove(demo);
  }
});

test("every fault of the lab's has a scenario", () => {
  const crashes = ['worker-crash', 'temporal-crash', 'postgres-crash'];
  expect(Object.keys(scenarios).sort()).toEqual([...faultDefinitions.map(({ name }) => name), ...crashes].sort());
});
