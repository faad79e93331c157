/**
 * `make bench`: measures what the documentation promises, prints a table, writes docs/measurements.md.
 *
 * 1. A run begins for which Azure takes ten minutes, and really does; it costs the machine next to nothing.
 * 2. Meanwhile: how soon a lab is up, how soon the command line answers, what a run costs beside Azure's time.
 * 3. When the long run has ended: its events beside those of a short one, and the worker's memory.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { repository } from '../lab/lab';
import { document, type Figure, secondsOf } from './figures';
import { command, MeasuredLab, type RunCost } from './measured-lab';

/** Azure's documented 5–10 minutes are 360 s in the lab: this factor makes them ten minutes. */
const tenMinutes = { timeFactor: 0.6, changeSeconds: 600, parameterSeconds: 10 / 0.6 };
const tenSeconds = { timeFactor: 36, changeSeconds: 10, parameterSeconds: 10 / 36 };
const times = 5;
const up = { sku: 'Standard_D8ds_v4' };
const back = { sku: 'Standard_D4ds_v4' };

async function main(): Promise<void> {
  const load = loadavg()[0]!;
  const slow = await MeasuredLab.up(tenMinutes.timeFactor);
  try {
    const waiting = slow.run(up);
    const labUp = await labUpSeconds();
    const clusterUp = await labUpSeconds('--kubernetes');
    const commandLine = await repeated(() => command('client', 'list'));
    const fast = await fastRuns();
    const long = await waiting;
    const memory = await slow.workerMemory();
    write(
      [
        { what: '`lab up`, one primary, with worker', value: secondsOf(labUp), how: howOften(labUp) },
        {
          what: '`lab up --kubernetes`, with every pod ready',
          value: secondsOf(clusterUp),
          how: howOften(clusterUp),
        },
        { what: '`runbook list`', value: secondsOf(commandLine), how: howOften(commandLine) },
        { what: 'a dry run, from its start to the plan', value: secondsOf(fast.dryRuns), how: howOften(fast.dryRuns) },
        {
          what: 'a run beside what Azure takes',
          value: secondsOf(fast.overheads),
          how: `one step, no soak; its time less Azure's ${(tenSeconds.changeSeconds + tenSeconds.parameterSeconds).toFixed(1)} s; ${howOften(fast.overheads)}`,
        },
        { what: 'history, Azure takes 10 s', value: `${fast.last.events} events`, how: `one step; ${took(fast.last)}` },
        { what: 'history, Azure takes 10 min', value: `${long.events} events`, how: `one step; ${took(long)}` },
        {
          what: "the worker's memory after a ten-minute run",
          value: `${memory.resident.toFixed(0)} MiB (peak ${memory.peak.toFixed(0)})`,
          how: 'resident set of the process',
        },
        {
          what: "the worker's memory after many runs",
          value: `${fast.memory.resident.toFixed(0)} MiB (peak ${fast.memory.peak.toFixed(0)})`,
          how: `after ${2 * times} runs, one at a time`,
        },
      ],
      load,
    );
  } finally {
    await slow.down();
  }
}

async function labUpSeconds(...options: string[]): Promise<number[]> {
  const seconds: number[] = [];
  for (let time = 0; time < times; time++) {
    const began = Date.now();
    const lab = await MeasuredLab.up(60, ...options);
    seconds.push((Date.now() - began) / 1000);
    await lab.down();
  }
  return seconds;
}

async function fastRuns() {
  const lab = await MeasuredLab.up(tenSeconds.timeFactor);
  try {
    const dryRuns: number[] = [];
    for (let time = 0; time < times; time++) dryRuns.push((await lab.run({ ...up, dryRun: true })).seconds);
    const runs: RunCost[] = [];
    for (let time = 0; time < times; time++) runs.push(await lab.run(time % 2 === 0 ? up : back));
    const overheads = runs.map(({ seconds }) => seconds - tenSeconds.changeSeconds - tenSeconds.parameterSeconds);
    return { dryRuns, overheads, last: runs.at(-1)!, memory: await lab.workerMemory() };
  } finally {
    await lab.down();
  }
}

async function repeated(work: () => Promise<unknown>): Promise<number[]> {
  const seconds: number[] = [];
  for (let time = 0; time < times; time++) {
    const began = performance.now();
    await work();
    seconds.push((performance.now() - began) / 1000);
  }
  return seconds;
}

const howOften = (values: number[]) => `median of ${values.length} (least–most)`;
const took = ({ seconds }: RunCost) => `the run took ${seconds.toFixed(1)} s`;

function write(figures: Figure[], load: number): void {
  const [processor] = cpus();
  const machine = {
    date: new Date().toISOString().slice(0, 10),
    processor: processor!.model.trim(),
    processors: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    load,
  };
  const text = document(figures, machine);
  writeFileSync(join(repository, 'docs', 'measurements.md'), text);
  console.log(text);
}

main().catch((error: Error) => {
  console.error(`not measured: ${error.message}`);
  process.exitCode = 1;
});
