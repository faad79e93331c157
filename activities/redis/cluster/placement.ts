/** Which node is to follow which. Pure. */

export interface Place {
  id: string;
  /** The machine that it runs on. */
  node?: string;
}

/**
 * The first so many, those first that add a machine: [a@1, b@1, c@2, d@3] → a, c, d, b. `present`: machines that have one
 * already.
 */
export function spread<P extends Place>(places: P[], count: number, present: P[]): P[] {
  const chosen: P[] = [];
  while (chosen.length < count && chosen.length < places.length) {
    const load = ({ node }: P) =>
      [...present, ...chosen].filter((other) => node !== undefined && other.node === node).length;
    const open = places.filter((place) => !chosen.includes(place));
    const least = Math.min(...open.map(load));
    chosen.push(open.find((place) => load(place) === least)!);
  }
  return chosen;
}

/**
 * A master for each free node. `room`: how many each master still lacks; no master gets more before all have theirs. On
 * another machine wherever that is possible at all: a maximum matching by augmenting paths, because the first that fits
 * would leave the last node of three with the master on its own machine.
 */
export function match(free: Place[], masters: (Place & { room: number })[]): Map<string, string> {
  const seats = masters.flatMap((master) => Array.from({ length: Math.max(0, master.room) }, () => master));
  const taken = new Map<number, Place>();
  const apart = (one: Place, other: Place) => one.node === undefined || one.node !== other.node;

  const seat = (place: Place, tried: Set<number>): boolean => {
    for (const [index, master] of seats.entries()) {
      if (tried.has(index) || !apart(place, master)) continue;
      tried.add(index);
      const holder = taken.get(index);
      if (holder && !seat(holder, tried)) continue;
      taken.set(index, place);
      return true;
    }
    return false;
  };
  const seatless = free.filter((place) => !seat(place, new Set()));
  const answer = new Map([...taken].map(([index, place]) => [place.id, seats[index]!.id]));
  const open = seats.filter((_, index) => !taken.has(index));
  for (const [index, place] of seatless.entries()) {
    // On the same machine is better than nowhere; beyond what is lacking, in turn.
    const master = open[index] ?? spareFor(place, masters, index);
    if (master) answer.set(place.id, master.id);
  }
  return answer;
}

function spareFor(place: Place, masters: Place[], index: number): Place | undefined {
  const apart = masters.filter(({ node }) => node === undefined || node !== place.node);
  const choice = apart.length > 0 ? apart : masters;
  return choice[index % choice.length];
}
