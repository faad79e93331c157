/**
 * docs/proof.md: runbook × what it suffered → what happened, how often. Only what was played has a cell; a runbook that was not
 * played this time keeps its section. Where only some variants, or the cases of one kind, were played, they have a section of their own until
 * the whole is played.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runbooks } from '../../catalogue';
import { invariants } from './invariants';
import { repository } from './harness/code';
import type { Result } from './harness/player';

const file = join(repository, 'docs', 'proof.md');

/**
 * `part`: the words by which variants or cases were chosen; empty where all were played. `every`: at each how manyth of the requests that
 * change nothing the worker died.
 */
export function writeTable(all: Result[], seconds: number, { part, every }: { part: string; every: number }): void {
  const results = all.filter(({ missed }) => !missed);
  const sections = sectionsIn(existsSync(file) ? readFileSync(file, 'utf8') : '');
  for (const runbook of new Set(results.map(({ scene }) => scene.entry.name))) {
    const own = results.filter(({ scene }) => scene.entry.name === runbook);
    const title = part ? `${runbook}, ${part}` : runbook;
    if (!part) for (const other of sections.keys()) if (other.startsWith(`${runbook}, `)) sections.delete(other);
    sections.set(title, section(title, own, { seconds, every }).join('\n'));
  }
  const missing = Object.keys(runbooks).filter((name) => !sections.has(name));
  const open = missing.length > 0 ? [`Not played as a whole yet: ${missing.join(', ')}.`] : [];
  writeFileSync(file, [head, ...open, ...sections.values(), ''].join('\n\n').replace(/\n+$/, '\n'));
}

const head = `# Proof

Written by \`make chaos\`. Each case is a run on real parts: PostgreSQL servers behind the lab’s Azure, under clients that write a
ledger (one connects for every row, one has synchronous_commit off: of its acknowledged rows some may be gone where a server was killed, and nowhere else), a cache there or a Redis cluster of the lab’s own pods, under clients that write keys, or a Deployment in the lab’s cluster, under clients that ask its Service, or order there, each order a row in its database. After each, all of these were asked:
${invariants.map(({ number, name }) => `${number} ${name}`).join(', ')}. A cell says how runs ended, and how
often; "asked" means that an operator was asked on the way. What was not played has no cell. A section shows the code of its day,
and of its commit where it names one: what has changed since was not played again as a whole.`;

/** What was played: later changes are not shown by it. */
function commit(): string {
  return execFileSync('git', ['-C', repository, 'describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
}

/** By their titles. */
function sectionsIn(text: string): Map<string, string> {
  const sections = text.split(/^(?=## )/m).filter((part) => part.startsWith('## '));
  return new Map(sections.map((part) => [/^## (.+)/.exec(part)![1]!, part.trim()]));
}

function section(title: string, results: Result[], { seconds, every }: { seconds: number; every: number }): string[] {
  const variants = [...new Set(results.map(({ scene }) => scene.variant.name))];
  const rows = [...new Set(results.map(({ case: { helper } }) => helper))];
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const violated = results.filter(({ violations }) => violations.length > 0);
  return [
    `## ${title}`,
    '',
    `On ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, of commit ${commit()}: ${results.length} cases, ${violated.length} with violations; all that was played then took ${(seconds / 60).toFixed(0)} minutes.${every > 1 ? ` Of the requests that change nothing the worker died at every ${every}th.` : ''}`,
    '',
    line(['what it suffered', ...variants]),
    line(['---', ...variants.map(() => '---')]),
    ...rows.map((row) =>
      line([
        row,
        ...variants.map((variant) =>
          cell(results.filter((result) => result.case.helper === row && result.scene.variant.name === variant)),
        ),
      ]),
    ),
    ...(violated.length > 0 ? ['', ...violated.map(violation)] : []),
  ];
}

/** A walk's name is its seed. */
function violation({ scene, case: { helper, name }, violations }: Result): string {
  const what = violations.map((one) => `${one.of}: ${one.what}`).join('; ');
  return `- **violated**, ${scene.variant.name} · ${helper} · ${name}: ${what.replaceAll(/\s+/g, ' ').slice(0, 400)}`;
}

function cell(results: Result[]): string {
  const times = new Map<string, number>();
  for (const { evidence, violations } of results) {
    const { report, status, sightings } = evidence.runs[0];
    const end = report?.outcome ?? (status === 'TERMINATED' ? 'Terminated' : 'open');
    const what = `${violations.length > 0 ? '**violated**: ' : ''}${end}${sightings.length > 0 ? ', asked' : ''}`;
    times.set(what, (times.get(what) ?? 0) + 1);
  }
  return [...times].map(([what, count]) => `${count} × ${what}`).join('<br>');
}
