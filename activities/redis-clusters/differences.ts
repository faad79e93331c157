/** Fields of an object that are not as wanted. Pure, table-tested. */
import { quantity } from '../../catalogue';

/**
 * By their paths: "volumeClaimTemplates.0.spec.resources.requests.storage: 5Gi instead of 10Gi". What the wanted one does not
 * speak of is Kubernetes' and others' own. Of a file's lines only the first word, of commands and their environment only where they
 * differ: somebody may have written a password there.
 */
export function differences(found: unknown, wanted: unknown, path = ''): string[] {
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  if (isRecord(found) && isRecord(wanted)) {
    return Object.entries(wanted).flatMap(([key, value]) => differences(found[key], value, at(key)));
  }
  if (Array.isArray(found) && Array.isArray(wanted)) {
    if (found.length !== wanted.length) return [`${path}: ${found.length} instead of ${wanted.length} entries`];
    return wanted.flatMap((value, index) => differences(found[index], value, at(String(index))));
  }
  if (found === wanted || sameQuantity(found, wanted, path)) return [];
  if (typeof found === 'string' && typeof wanted === 'string' && wanted.includes('\n')) {
    return [`${path}: ${lines(found, wanted)}`];
  }
  return [isTelling(path) ? `${path}: not as wanted` : `${path}: ${said(found)} instead of ${said(wanted)}`];
}

function isTelling(path: string): boolean {
  return /\.(args|command|env)(\.|$)/.test(path);
}

/** Of what is there the names of settings alone. */
function lines(found: string, wanted: string): string {
  const [there, here] = [found, wanted].map((text) => text.split('\n').map((line) => line.trim()));
  const missing = here!.filter((line) => line !== '' && !there!.includes(line));
  const others = there!.filter((line) => line !== '' && !here!.includes(line)).map((line) => line.split(/\s/)[0]!);
  return [
    ...(missing.length > 0 ? [`${missing.join(', ')} is missing`] : []),
    ...(others.length > 0 ? [`there is another ${[...new Set(others)].join(', ')}`] : []),
  ].join('; ');
}

/** Kubernetes writes 2048Mi as 2Gi. */
function sameQuantity(found: unknown, wanted: unknown, path: string): boolean {
  return (
    /\.resources\.(requests|limits)\./.test(path) &&
    typeof found === 'string' &&
    typeof wanted === 'string' &&
    quantity(found) === quantity(wanted)
  );
}

function said(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing').slice(0, 200);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
