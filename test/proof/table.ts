/** docs/proof.md: runbook × what it suffered → what happened, how often. Only what was played has a cell. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { invariants } from './invariants';
import { repository } from './harness/code';
import type { Result } from './harness/player';

export function writeTable(all: Result[], seconds: number): void {
  const results = all.filter(({ missed }) => !missed);
  const violated = results.filter(({ violations }) => violations.length > 0);
  const runbooks = [...new Set(results.map(({ scene }) => scene.entry.name))];
  const text = [
    '# Proof',
    '',
    `Written by \`make chaos\` on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC: ${results.length} cases in ${(seconds / 60).toFixed(0)} minutes, ${violated.length} with violations.`,
    '',
    'Each case is a run on real PostgreSQL servers behind the lab’s Azure, under clients that write a ledger. After each, all of',
    `these were asked: ${invariants.map(({ number, name }) => `${number} ${name}`).join(', ')}. A cell says how runs ended, and how`,
    'often; "asked" means that an operator was asked on the way. What was not played has no cell.',
    ...runbooks.flatMap((runbook) =>
      section(
        runbook,
        results.filter(({ scene }) => scene.entry.name === runbook),
      ),
    ),
    '',
  ].join('\n');
  writeFileSync(join(repository, 'docs', 'proof.md'), text);
}

function section(runbook: string, results: Result[]): string[] {
  const variants = [...new Set(results.map(({ scene }) => scene.variant.name))];
  const rows = [...new Set(results.map(({ case: { helper } }) => helper))];
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [
    '',
    `## ${runbook}`,
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
  ];
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
