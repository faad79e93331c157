/** What clients noticed, way by way, and what a switchover takes beside the promotion itself. Pure. */
import Table from 'cli-table3';
import { plain } from '../cli/plain-table';
import type { Noticed, Seen } from './noticed';
import type { Way } from './ways';

export interface Row {
  way: Pick<Way, 'what' | 'how' | 'needs' | 'promises' | 'notRun' | 'crossing'>;
  /** Of every time that it was gone. */
  times: Noticed[];
}

const seen = ['failed', 'longest stall', 'lost', 'twice'];
const head = ['HTTP orders', ...seen, 'SQL rows', ...seen, 'lost unflushed', 'took'];

export function comparisonTable(rows: Row[]): string {
  const parts = [...new Set(rows.map(({ way }) => way.what))].flatMap((what) => {
    const drawn = table([what, ...head]);
    drawn.push(...rows.filter(({ way }) => way.what === what).map(cells));
    return [drawn.toString(), ''];
  });
  return [...parts, ...crossingTable(rows), 'What it takes to be allowed to:', ...needs(rows)].join('\n');
}

function cells({ way, times }: Row): string[] {
  if (times.length === 0) return [way.how, way.notRun ?? 'not reached'];
  const http = together(times.map((one) => one.http));
  const sql = together(times.map((one) => one.sql));
  const how = times.length > 1 ? `${way.how} (${times.length} times)` : way.how;
  const unflushed = times.reduce((total, one) => total + one.sql.lostUnflushed, 0);
  const took = `${median(times.map(({ seconds }) => seconds)).toFixed(1)} s`;
  return [how, ...seenCells(http), ...seenCells(sql), count(unflushed), took];
}

function together(all: Seen[]): Seen {
  const sum = (field: keyof Seen) => all.reduce((total, one) => total + one[field], 0);
  return {
    ...{ requests: sum('requests'), failed: sum('failed'), lost: sum('lost'), duplicated: sum('duplicated') },
    longestStallSeconds: Math.max(...all.map(({ longestStallSeconds }) => longestStallSeconds)),
  };
}

function seenCells({ requests, failed, longestStallSeconds, lost, duplicated }: Seen): string[] {
  return [
    ...[count(requests), count(failed), `${longestStallSeconds.toFixed(2)} s`],
    ...[count(lost), count(duplicated)],
  ];
}

function count(value: number): string {
  return value.toLocaleString('en');
}

/** Seconds, each time: how long clients waited, how much of it the promotion was, and what is left. */
interface Crossing {
  stall: number;
  promotion: number;
  rest: number;
}

function crossingsOf({ times }: Row): Crossing[] {
  return times.flatMap(({ http, sql, promotion }) => {
    if (!promotion) return [];
    const stall = Math.max(http.longestStallSeconds, sql.longestStallSeconds);
    return [{ stall, promotion: promotion.untilPrimary, rest: stall - promotion.untilPrimary }];
  });
}

function crossingTable(rows: Row[]): string[] {
  const crossed = rows.filter((row) => crossingsOf(row).length > 0);
  if (crossed.length === 0) return [];
  const drawn = table(['a switchover, each time', 'longest stall', 'of it the promotion', 'the rest', 'median']);
  for (const row of crossed) {
    const crossings = crossingsOf(row);
    const each = (field: keyof Crossing) => crossings.map((one) => one[field].toFixed(3)).join(' ');
    const rest = `${median(crossings.map((one) => one.rest)).toFixed(3)} s`;
    drawn.push([row.way.how, each('stall'), each('promotion'), each('rest'), rest]);
  }
  return [drawn.toString(), ...verdicts(rows).map(({ words }) => words), ''];
}

const restTimesMax = 3;
const restSecondsMax = 1;

/**
 * For each time that a promotion may take: the runbook's rest, beside that of the bare script in the same run. Like beside like, the median
 * beside the median, for one of a few crossings is the machine's; the limit in seconds is for each of them.
 */
function verdicts(rows: Row[]): { kept: boolean; words: string }[] {
  const ofRunbooks = rows.filter(({ way, times }) => way.crossing?.by === 'runbook' && times.length > 0);
  return ofRunbooks.flatMap((row) => {
    const { operationSeconds } = row.way.crossing!;
    const script = rows.find(
      ({ way, times }) =>
        way.crossing?.by === 'script' && way.crossing.operationSeconds === operationSeconds && times.length > 0,
    );
    if (!script) return [];
    const rests = crossingsOf(row).map(({ rest }) => rest);
    const [own, bare] = [median(rests), median(crossingsOf(script).map(({ rest }) => rest))];
    const worst = Math.max(...rests);
    const kept = own <= restTimesMax * bare && worst < restSecondsMax;
    const times = (own / bare).toFixed(1);
    const words = `${row.way.how}: ${own.toFixed(3)} s beside the promotion, ${times} times the bare script's ${bare.toFixed(3)} s, and ${worst.toFixed(3)} s at worst; at most ${restTimesMax} times, and always less than ${restSecondsMax} s: ${kept ? 'kept' : 'NOT kept'}`;
    return [{ kept, words }];
  });
}

/** Each right once, with who needs it. */
function needs(rows: Row[]): string[] {
  const all = new Map<string, string[]>();
  for (const { way } of rows) all.set(way.needs, [...(all.get(way.needs) ?? []), way.how]);
  return [...all].map(([right, hows]) => `  ${hows.join('; ')}: ${right}`);
}

/** What a way has promised and not kept. No server is killed in any, so not even who does not wait for the disk may lose a row. */
export function broken(rows: Row[]): string[] {
  const promised = rows.flatMap(({ way, times }) =>
    times.flatMap(({ http, sql }) => {
      const [lost, duplicated] = [http.lost + sql.lost, http.duplicated + sql.duplicated];
      const unflushed = sql.lostUnflushed > 0 ? [`${sql.lostUnflushed} unflushed ones lost`] : [];
      const words = [`${lost} rows lost`, ...unflushed, `${duplicated} there twice`].join(', ');
      return [
        ...(way.promises && lost + sql.lostUnflushed + duplicated > 0 ? [`${way.how}: ${words}`] : []),
        ...(way.promises === 'nothing fails' && sql.failed + http.failed > 0
          ? [`${way.how}: ${http.failed} requests over HTTP and ${sql.failed} over SQL failed`]
          : []),
      ];
    }),
  );
  return [...promised, ...verdicts(rows).flatMap(({ kept, words }) => (kept ? [] : [words]))];
}

/** Of an even number the upper one. */
function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}

function table(columns: string[]) {
  return new Table({ head: columns, style: { head: [], border: [] }, chars: plain });
}
