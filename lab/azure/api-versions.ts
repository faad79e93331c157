/** Which api-versions are taken, by resource provider. Pure. */
import { gatewayErrors } from './errors';

const shape = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-preview|-privatepreview)?$/;

/** The oldest version of each provider that is served; newer ones are taken as they come. */
const oldest: Record<string, string> = {
  'microsoft.dbforpostgresql': '2022-01-01',
  'microsoft.cache': '2015-08-01',
  'microsoft.authorization': '2015-01-01',
  'microsoft.insights': '2014-04-01',
  'microsoft.resources': '2015-01-01',
};

/** Named in refusals, as Azure names what it supports. */
const examples = '2022-12-01, 2023-12-01-preview, 2024-08-01, 2025-08-01, 2026-04-01-preview';

/** Throws as Azure does when the version is missing, malformed or too old. `type` is the resource's, for the text. */
export function assertApiVersion(version: string | undefined, provider: string, type: string, location: string): void {
  if (!version) throw gatewayErrors.missingApiVersion();
  const known = shape.test(version) && version >= (oldest[provider.toLowerCase()] ?? '2015-01-01');
  if (known) return;
  if (provider.toLowerCase() === 'microsoft.resources')
    throw gatewayErrors.invalidApiVersion(version, '2022-09-01, 2024-11-01');
  throw gatewayErrors.unregisteredApiVersion(version, type, examples, location);
}
