/** Figures and how they are written down. Pure. */

export interface Figure {
  what: string;
  value: string;
  /** How it was measured. */
  how: string;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Such as "3.4 s (3.1–3.9)". */
export function secondsOf(values: number[]): string {
  const shown = (value: number) => (value < 1 ? value.toFixed(2) : value.toFixed(1));
  return `${shown(median(values))} s (${shown(Math.min(...values))}–${shown(Math.max(...values))})`;
}

export interface Machine {
  date: string;
  processor: string;
  processors: number;
  memoryGb: number;
  system: string;
  node: string;
  /** Of the last minute, when measuring began: what else the machine did. */
  load: number;
}

export function document(figures: Figure[], machine: Machine): string {
  const { date, processor, processors, memoryGb, system, node, load } = machine;
  return `# Measurements

What \`make bench\` measured on ${date}: ${processors} × ${processor}, ${memoryGb} GB, ${system}, Node.js ${node},
load ${load.toFixed(1)} when it began. It overwrites this page.

| what | measured | how |
|---|---|---|
${figures.map(({ what, value, how }) => `| ${what} | ${value} | ${how} |`).join('\n')}
`;
}
