/** Whose sessions count as Azure's own, by the name of their role. */
import { ofAzure } from '../../../../activities/postgres/fence';

test.each([
  ['azuresu', true],
  ['azure_pg_admin', true],
  ['azure_superuser', true],
  ['azureuser', false],
  ['azuresupport', false],
  ['app', false],
])('%s: %s', (role, itself) => expect(new RegExp(ofAzure).test(role)).toBe(itself));
