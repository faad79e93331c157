/** The command line as a program where nothing else runs: what needs no server, and what it says of a server that is away. */
import { CommandLine } from './support/command-line';

let cli: CommandLine;
beforeAll(() => {
  cli = new CommandLine({ RUNBOOK_IDENTITY: 'operator@example.com', TEMPORAL_ADDRESS: '127.0.0.1:1' });
});
afterAll(() => cli.remove());

it('lists and describes without a server', async () => {
  const { code, out } = await cli.run(['list']);
  expect([code, out]).toEqual([0, expect.stringContaining('databaseSkuUpgrade')]);
  const described = await cli.run(['describe', 'databaseSkuUpgrade']);
  expect(described.out).toMatch(/storageGb +whole number 32–32,768/);
  expect(described.out).toMatch(/server +3 to 63 lower-case letters/);
  expect(described.out).toContain('begin: runbook plan databaseSkuUpgrade');
});

describe('bad usage and input exit 2, before anything is sent', () => {
  it.each<[string, string[], string]>([
    ['an unknown command', ['lists'], 'list'],
    ['an unknown option', ['list', '--colour'], '--colour'],
    ['no argument', ['status'], 'id'],
    ['no reason', ['abort', 'a-run'], '--reason'],
    ['an empty reason', ['abort', 'a-run', '--reason', ' '], 'at least 1 character'],
    ['no holder', ['unlock', 'postgres:a', '--reason', 'x'], '--holder'],
    ['an unknown runbook', ['plan', 'databaseSkuUpgrad'], 'did you mean databaseSkuUpgrade?'],
    ['a name of the language', ['start', 'constructor'], 'there is no runbook "constructor"'],
    ['neither name nor plan', ['start'], '--plan'],
    ['a wildcard', ['plan', 'databaseSkuUpgrade', '--set', 'sku=a', '--set', 'server=*'], 'no wildcards'],
    ['an empty name', ['start', 'databaseSkuUpgrade', '--set', 'sku=a', '--set', 'server='], 'server'],
    ['a key of the language', ['plan', 'databaseSkuUpgrade', '--set', '__proto__.x=1'], '__proto__.x'],
    ['nobody who speaks', ['plan', 'databaseSkuUpgrade', '--set', 'sku=a', '--as', '*'], '--as'],
    ['a plan that is none', ['approve', 'a-run', '--plan', 'xyz'], 'hexadecimal'],
  ])('%s', async (_name, args, named) => {
    // The server is away, so that anything that were sent would exit 1.
    const { code, out, err } = await cli.run(args);
    expect(err).toContain(named);
    expect(err).not.toMatch(/^ {4}at /m);
    expect([code, out]).toEqual([2, '']);
    const asJson = await cli.json<{ error: { exitCode: number } }>(args);
    expect(asJson).toMatchObject({ code: 2, document: { error: { exitCode: 2 } } });
  });

  it('a text of 3 MiB, from standard input', async () => {
    const input = JSON.stringify({ sku: 'x'.repeat(3 * 1024 * 1024) });
    const { code, err } = await cli.run(['plan', 'databaseSkuUpgrade', '--input', '-'], { input });
    expect(code).toBe(2);
    expect(err).toContain('3,145,728 characters');
    expect(err.length).toBeLessThan(400);
  });
});

describe('a Temporal that is away', () => {
  const address = '127.0.0.1:1 does not answer: connection refused';
  it.each([
    ['start', ['start', 'databaseSkuUpgrade', '--set', 'sku=a']],
    ['status', ['status', 'a-run']],
    ['locks', ['locks']],
    ['runs', ['runs']],
  ])('%s names the address and what to do', async (_name, args) => {
    const { code, out, err } = await cli.run(args);
    expect(err).toBe(`Temporal at ${address}\n→ start it, or set TEMPORAL_ADDRESS (or the profile) to where it runs\n`);
    expect([code, out]).toEqual([1, '']);
  });

  it('doctor checks the rest all the same', async () => {
    const { code, out } = await cli.run(['doctor']);
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(address);
    expect(out).toMatch(/ok +topology +broxiva-prod/);
  });

  it('says so in JSON as well', async () => {
    expect(await cli.json(['status', 'a-run'])).toMatchObject({
      code: 1,
      document: { error: { code: 'Unreachable', exitCode: 1 } },
    });
  });
});

it('refuses a configuration of Temporal that cannot be read', async () => {
  const { code, err } = await cli.run(['runs'], { env: { TEMPORAL_PROFILE: 'nowhere' } });
  expect(code).toBe(1);
  expect(err).toContain("Temporal's configuration cannot be read");
});
