/** Goal: preflight refuses what keeps the application out for good, and tries again what may pass. Method: no server can be reached here. */
import { whatKeepsApplicationOut } from '../../../../activities/restarts/application';

const server = { name: 'main', host: 'main' };

test('no URL for it: waiting does not help', async () => {
  const why = await whatKeepsApplicationOut(server, { connections: { primary: 'other' } });
  expect(why).toMatch(/no application URL for main/);
});

test('no answer: it may come back', async () => {
  const connections = { primary: 'main', databaseUrl: 'postgresql://role:password@127.0.0.1:1/database' };
  await expect(whatKeepsApplicationOut(server, { connections })).rejects.toMatchObject({ type: 'DatabaseUnreachable' });
});
