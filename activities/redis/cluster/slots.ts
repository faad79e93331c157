/** Hash slots as inclusive ranges, as CLUSTER NODES tells them and ADDSLOTSRANGE takes them. Pure. */

/** Of every Redis cluster (redis.io, cluster specification). */
export const slotCount = 16_384;

export type SlotRange = [first: number, last: number];

/** From `5` or `5-9`. */
export function rangeOf(text: string): SlotRange {
  const [first = 0, last = first] = text.split('-').map(Number);
  return [first, last];
}

export function sizeOf(ranges: SlotRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function slotsOf(ranges: SlotRange[]): number[] {
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

/** Of slots in ascending order. */
export function rangesOf(slots: number[]): SlotRange[] {
  const ranges: SlotRange[] = [];
  for (const slot of slots) {
    const range = ranges.at(-1);
    if (range && range[1] === slot - 1) range[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}

/** Whether a slot is in both. */
export function share(one: SlotRange[], other: SlotRange[]): boolean {
  return one.some(([first, last]) => other.some(([start, end]) => first <= end && start <= last));
}

export function showRanges(ranges: SlotRange[]): string {
  const shown = ranges.slice(0, 3).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  return [...shown, ...(ranges.length > 3 ? ['…'] : [])].join(', ');
}
