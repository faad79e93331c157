/**
 * `kubectl exec` over a WebSocket, by the subprotocol v5.channel.k8s.io: the first byte of a message says what the rest is
 * (k8s.io/apimachinery, pkg/util/remotecommand).
 */
import type { WebSocket } from 'ws';
import type { Container } from './container';
import { exitCode, killGroup, startIn } from './exec';

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 };
export const execProtocol = 'v5.channel.k8s.io';

export async function streamExec(socket: WebSocket, container: Container, query: URLSearchParams): Promise<void> {
  const tty = query.get('tty') === 'true' || query.get('tty') === '1';
  // What the client sends meanwhile is for the command.
  socket.pause();
  const child = await startIn(container, query.getAll('command'), { tty });
  const send = (channel: number, data: Buffer) => socket.send(Buffer.concat([Buffer.from([channel]), data]));
  child.stdin!.on('error', () => undefined);
  socket.on('message', (message: Buffer) => {
    const [channel] = message;
    if (channel === channels.stdin) child.stdin!.write(message.subarray(1));
    else if (channel === channels.close && message[1] === channels.stdin) child.stdin!.end();
  });
  socket.once('close', () => killGroup(child));
  socket.resume();
  if (!query.has('input') && !query.has('stdin')) child.stdin!.end();
  child.stdout!.on('data', (data: Buffer) => send(channels.stdout, data));
  child.stderr!.on('data', (data: Buffer) => send(channels.stderr, data));
  const ended = (stream: NodeJS.ReadableStream) => new Promise((resolve) => stream.once('close', resolve));
  const streams = Promise.all([ended(child.stdout!), ended(child.stderr!)]);
  const code = await exitCode(child);
  await streams;
  send(channels.error, Buffer.from(JSON.stringify(status(code))));
  socket.close(1000);
}

/** As kubectl reads the exit code from it. */
function status(code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' };
  const message = `command terminated with non-zero exit code: exit status ${code}`;
  const details = { causes: [{ reason: 'ExitCode', message: String(code) }] };
  return { metadata: {}, status: 'Failure', reason: 'NonZeroExitCode', message, details };
}
