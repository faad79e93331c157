/** What is said of a URL, and of a server's answer to a login: never the password. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRedis } from '../../../../activities/redis/application';
import { connectToCache } from '../../../../activities/redis/cache';

let folder: string;
let server: Server | undefined;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'redis-login-'))));
afterEach(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

test('an access key with signs that a URL gives a meaning: told to be encoded, and not repeated', async () => {
  mkdirSync(join(folder, 'shop'));
  writeFileSync(join(folder, 'shop', 'url'), 'rediss://:s3/cr3t=@shop.example.com:6380');
  const refused = connectToCache('shop', { secretsFolder: folder }).catch((error: Error) => error.message);
  expect(await refused).toMatch(/must be encoded \(\/ is %2F/);
  expect(await refused).not.toContain('cr3t');
});

test('a server that repeats what it does not know: no word of the password', async () => {
  const words = "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 's3cr3t'\r\n";
  server = createServer((socket) => socket.on('error', () => undefined).on('data', () => socket.write(words)));
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const refused = readRedis({ redisUrl: `redis://:s3cr3t@127.0.0.1:${port}` }, []).catch(
    (error: Error) => error.message,
  );
  expect(await refused).toContain("unknown command 'HELLO'");
  expect(await refused).not.toContain('s3cr3t');
});
