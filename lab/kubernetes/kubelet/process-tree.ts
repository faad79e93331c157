/** Processes below a process, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUse {
  /** Processor time so far, of itself and of children that it has waited for. */
  cpuSeconds: number;
  /** Resident memory. */
  bytes: number;
}

/** Linux tells times in hundredths of a second, whatever the machine (proc(5), USER_HZ). */
const ticksPerSecond = 100;
const pageBytes = 4096;

export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

interface Entry extends ProcessUse {
  parent: number;
}

/** One look at all processes of the machine: what each uses, and who its parent is. */
export class ProcessTable {
  private readonly children = new Map<number, number[]>();
  private readonly entries = new Map<number, Entry>();

  static read(): ProcessTable {
    const table = new ProcessTable();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const entry = readEntry(Number(name));
      if (!entry) continue;
      table.entries.set(Number(name), entry);
      const siblings = table.children.get(entry.parent);
      if (siblings) siblings.push(Number(name));
      else table.children.set(entry.parent, [Number(name)]);
    }
    return table;
  }

  /** What a process and all below it use. */
  use(pid: number): ProcessUse {
    const total = { cpuSeconds: 0, bytes: 0 };
    const waiting = [pid];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const entry = this.entries.get(next);
      if (!entry) continue;
      total.cpuSeconds += entry.cpuSeconds;
      total.bytes += entry.bytes;
      waiting.push(...(this.children.get(next) ?? []));
    }
    return total;
  }
}

/** proc(5): the fields of `stat`, counted from after the command's name, which may have blanks and brackets in it. */
function readEntry(pid: number): Entry | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
    return {
      parent: Number(fields[1]),
      cpuSeconds: ticks / ticksPerSecond,
      bytes: Number(fields[21]) * pageBytes,
    };
  } catch {
    return undefined;
  }
}
