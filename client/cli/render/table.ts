import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import type { Look } from './text';

/** Between two columns. */
const gap = '  ';

/** A row: its cells, and below them a remark that may run over the columns from `under` on. */
export type Row = string[] | { cells: string[]; under: number; remark: string | undefined };

/**
 * Rows in columns without lines around them. Where they do not fit the width, the widest columns wrap, at words. No word is
 * ever cut, for it may be a name that is to be copied: rows with too long words are wider than the width.
 */
export function columns(look: Look, rows: Row[], indent = ' '): string {
  if (rows.length === 0) return '';
  const widths = fit(rows.map(cellsOf), look.width - indent.length);
  const table = new Table({
    chars: { ...noLines, left: indent, middle: gap },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colWidths: widths,
    wordWrap: true,
    wrapOnWordBoundary: true,
  });
  table.push(...rows.flatMap((row) => linesOf(row, widths.length)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function cellsOf(row: Row): string[] {
  return Array.isArray(row) ? row : row.cells;
}

function linesOf(row: Row, count: number): (string | { content: string; colSpan: number })[][] {
  if (Array.isArray(row)) return [row];
  if (row.remark === undefined) return [row.cells];
  return [row.cells, [...Array<string>(row.under).fill(''), { content: row.remark, colSpan: count - row.under }]];
}

const noLines = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((name) => [name, '']),
);

/** Takes what is too much from the widest column that can give, one by one. */
function fit(rows: string[][], width: number): number[] {
  const lines = widest(rows, (cell) => cell.split('\n'));
  const words = widest(rows, (cell) => cell.split(/\s+/));
  const widths = [...lines];
  let excess = widths.reduce((sum, each) => sum + each + gap.length, -gap.length) - width;
  while (excess > 0) {
    const giving = widths.map((each, column) => (each > words[column]! ? each : 0));
    const most = Math.max(...giving);
    if (most === 0) break;
    widths[giving.indexOf(most)]! -= 1;
    excess -= 1;
  }
  return widths;
}

/** For each column the width of its widest part. */
function widest(rows: string[][], partsOf: (cell: string) => string[]): number[] {
  const count = Math.max(...rows.map((row) => row.length));
  const widthOf = (part: string): number => stripVTControlCharacters(part).length;
  return Array.from({ length: count }, (_, column) =>
    Math.max(1, ...rows.flatMap((row) => partsOf(row[column] ?? '').map(widthOf))),
  );
}
