/** Where a connection URL comes from, and what becomes of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionConfig, readLimits } from '../../../../activities/postgres/connection';
import { connectionUrl, type ConnectionSources } from '../../../../activities/postgres/connection-url';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'urls-'));
  mkdirSync(join(folder, 'primary'));
  writeFileSync(join(folder, 'primary', 'application-url'), 'postgresql://app:p%40ss@Primary.example:5432/shop\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const primary = { name: 'primary', host: 'primary.example' };
const replica = { name: 'replica', host: 'replica.example', source: 'primary' };
const sources = (more: Partial<ConnectionSources> = {}): ConnectionSources => ({ primary: 'primary', ...more });

test('the mounted Secret comes first', async () => {
  const from = sources({ secretsFolder: folder, databaseUrl: 'postgresql://other/x' });
  expect(await connectionUrl(primary, 'application', from)).toBe('postgresql://app:p%40ss@Primary.example:5432/shop');
});

test('one that leads to another server is refused, without a word of what stands in it', async () => {
  const moved = connectionUrl(
    { name: 'primary', host: 'other.example' },
    'application',
    sources({ secretsFolder: folder }),
  );
  await expect(moved).rejects.toMatchObject({
    type: 'ConfigurationMissing',
    message: expect.stringMatching(/^the application URL of primary does not have the host other\.example,/) as string,
  });
  await expect(moved).rejects.not.toMatchObject({ message: expect.stringMatching(/ss@|Primary\.example/) as string });
});

test("a replica without a Secret takes its source's, at its own address", async () => {
  const from = sources({ secretsFolder: folder });
  expect(await connectionUrl(replica, 'application', from)).toBe('postgresql://app:p%40ss@replica.example:5432/shop');
});

test("a replica takes the variables of its source where that is the topology's primary", async () => {
  const from = sources({ databaseAdminUrl: 'postgresql://admin:a@primary.example/shop' });
  expect(await connectionUrl(replica, 'admin', from)).toBe('postgresql://admin:a@replica.example/shop');
});

test('the variables are not for another server', async () => {
  const from = sources({ databaseUrl: 'postgresql://app:a@primary.example/shop' });
  await expect(connectionUrl({ name: 'other', host: 'other.example' }, 'application', from)).rejects.toMatchObject({
    type: 'ConfigurationMissing',
    message: expect.stringContaining('no application URL for other') as string,
  });
});

test('TLS is verified whatever the URL says, and encoded names are decoded', () => {
  const config = connectionConfig(
    'postgresql://my%20role:p%40ss%2F@127.1.2.3:5433/my%20shop?sslmode=disable',
    readLimits,
  );
  expect(config).toMatchObject({
    host: '127.1.2.3',
    port: 5433,
    user: 'my role',
    password: 'p@ss/',
    database: 'my shop',
  });
  expect(config.ssl).toMatchObject({ rejectUnauthorized: true });
});

test.each(['', 'localhost:5432', 'mysql://x/y'])('"%s" is no connection URL', (url) => {
  expect(() => connectionConfig(url, readLimits)).toThrow(/postgresql:\/\//);
});
