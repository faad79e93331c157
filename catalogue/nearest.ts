import { closest, distance } from 'fastest-levenshtein';

/** The name most like the given one, if it is like it at all: at most one difference in three characters. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const wanted = given.slice(0, 100).toLowerCase();
  const found = closest(
    wanted,
    names.map((name) => name.toLowerCase()),
  );
  const name = names.find((candidate) => candidate.toLowerCase() === found);
  return name !== undefined && distance(wanted, found) <= Math.max(1, Math.floor(name.length / 3)) ? name : undefined;
}
