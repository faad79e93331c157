/** How an object is compared with what it is to be. Pure, table-tested. */
import { createHash } from 'node:crypto';
import stringify from 'fast-json-stable-stringify';

/** Eight hexadecimal digits, the same for objects that say the same. */
export function digestOf(value: unknown): string {
  const text = typeof value === 'string' ? value : stringify(value);
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** Of an object, the part that the wanted one speaks of: Kubernetes adds its defaults, and others what is theirs. */
export function project(found: unknown, wanted: unknown): unknown {
  if (Array.isArray(found) && Array.isArray(wanted)) {
    // Entries that the wanted list does not have count whole.
    return found.map((entry, index) => (index < wanted.length ? project(entry, wanted[index]) : (entry as unknown)));
  }
  if (isRecord(found) && isRecord(wanted)) {
    const shared = Object.keys(wanted).filter((key) => found[key] !== undefined);
    return Object.fromEntries(shared.map((key) => [key, project(found[key], wanted[key])]));
  }
  return found;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
