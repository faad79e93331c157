/** Whether a server runs with a value, and what brings it back. Pure, table-tested. */
/** Lists of words, to which Azure adds its own. */
const lists = new Set(['shared_preload_libraries', 'session_preload_libraries', 'azure.extensions']);

/** `running`: by pg_settings; undefined for what only Azure knows, which has nothing to add to ARM's word. */
export function runsWith(name: string, running: string | undefined, wanted: string): boolean {
  if (running === undefined || running === wanted) return true;
  if (lists.has(name)) {
    const there = wordsOf(running);
    return [...wordsOf(wanted)].every((word) => there.has(word));
  }
  const numbers = [running, wanted].map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  return numbers[0] === numbers[1];
}

/** Names of those that it does not run with. */
export function differing(running: Record<string, string>, wanted: Record<string, string>): string[] {
  return Object.entries(wanted)
    .filter(([name, value]) => !runsWith(name, running[name], value))
    .map(([name]) => name);
}

/**
 * What is sent to have again what there is. As ARM writes it where the server runs with that: Azure takes none of the words that it adds
 * to a list.
 */
export function valueToRestore(name: string, running: string | undefined, configured: string): string {
  return running === undefined || runsWith(name, running, configured) ? configured : running;
}

function wordsOf(text: string): Set<string> {
  return new Set(
    text
      .split(',')
      .map((word) => word.trim().toLowerCase())
      .filter(Boolean),
  );
}
