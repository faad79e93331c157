/** Goal: preflight refuses what keeps the application out for good. */
import { whatKeepsApplicationOut } from '../../../../activities/restarts/application';

const server = { name: 'main', host: 'main' };

test('no URL for it: waiting does not help', async () => {
  const why = await whatKeepsApplicationOut(server, { connections: { primary: 'other' } });
  expect(why).toMatch(/no application URL for main/);
});
