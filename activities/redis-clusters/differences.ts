/** Fields of an object that are not as wanted. Pure, table-tested. */
import { quantity } from '../../catalogue';

/**
 * By their paths: "volumeClaimTemplates.0.spec.resources.requests.storage: 5Gi instead of 10Gi". What the wanted one does not
 * speak of is Kubernetes' and others' own.
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
  return typeof found === 'string' && typeof wanted === 'string' && wanted.includes('\n')
    ? lines(found, wanted).map((line) => `${path}: ${line}`)
    : [`${path}: ${said(found)} instead of ${said(wanted)}`];
}

function lines(found: string, wanted: string): string[] {
  const [there, here] = [found, wanted].map((text) => text.split('\n'));
  const missing = here!.filter((line) => !there!.includes(line));
  const other = there!.filter((line) => !here!.includes(line));
  return [`${other.join(', ') || 'nothing'} instead of ${missing.join(', ') || 'nothing'}`];
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
