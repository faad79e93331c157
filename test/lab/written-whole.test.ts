/**
 * Goal: what other processes of the lab read at any time is never seen half written.
 * Method: a thread that reads without a pause while a file is written again and again, once longer, once shorter.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ClusterLayout } from '../../lab/kubernetes/layout';
import { HostsFiles } from '../../lab/kubernetes/services/hosts';
import { writeWhole } from '../../lab/write';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'written-'));
  file = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const times = 500;

/** Of what a reader saw meanwhile, how often each beginning and end. */
async function seenDuring(write: () => Promise<void>): Promise<string[]> {
  const reader = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const { readFileSync } = require('node:fs');
     const seen = new Set();
     let going = true;
     parentPort.on('message', () => { going = false; });
     const read = () => {
       for (let time = 0; time < 50; time++) {
         const text = readFileSync(workerData, 'utf8');
         seen.add(text.slice(0, 9) + ' … ' + text.slice(-2));
       }
       if (going) return setImmediate(read);
       parentPort.postMessage([...seen].sort());
     };
     read();`,
    { eval: true, workerData: file },
  );
  const told = new Promise<string[]>((resolve, reject) => {
    reader.once('message', resolve);
    reader.once('error', reject);
  });
  await new Promise((resolve) => reader.once('online', resolve));
  await write();
  reader.postMessage('enough');
  return told.finally(() => reader.terminate());
}

test('a record of a server: the old one or the new one', async () => {
  const texts = [1, 1000].map((words) => JSON.stringify({ address: '127.0.0.1', words: 'word '.repeat(words) }));
  await writeWhole(file, texts[0]!);
  const seen = await seenDuring(async () => {
    for (let time = 0; time < times; time++) await writeWhole(file, texts[time % 2]!);
  });
  expect(seen).toEqual(['{"address … "}']);
});

test('the hosts of pods, in a file that stays the same one: never without the first', async () => {
  const hosts = new HostsFiles({ hostsFile: () => file } as unknown as ClusterLayout);
  const servers = (many: number) =>
    Array.from({ length: many }, (_, index) => ({ address: '127.0.0.2', name: `server-${index}` }));
  writeFileSync(file, '');
  hosts.file('shop');
  const seen = await seenDuring(async () => {
    for (let time = 0; time < times; time++) {
      hosts.update([], servers(time % 2 === 0 ? 1 : 500));
      if (time % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });
  expect(seen.filter((text) => !text.startsWith('127.0.0.1'))).toEqual([]);
});
