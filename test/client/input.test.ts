import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseRestartInput, resizeDeploymentInput } from '../../catalogue';
import { applySettings, parseInput, readInput } from '../../client/cli/input';
import { Problem } from '../../client/problem';

describe('--set', () => {
  it.each<[string, string[], Record<string, unknown>]>([
    ['text', ['sku=Standard_D8ds_v4'], { sku: 'Standard_D8ds_v4' }],
    ['a number', ['storageGb=512'], { storageGb: 512 }],
    ['a truth', ['dryRun=true'], { dryRun: true }],
    ['text with blanks and equals signs', ['reason=a = b'], { reason: 'a = b' }],
    ['quoted text that looks like a number', ['reason="5"'], { reason: '5' }],
    ['nothing as text', ['reason='], { reason: '' }],
    ['a list', ['acceptLoss.unloggedTables=["a","b"]'], { acceptLoss: { unloggedTables: ['a', 'b'] } }],
    [
      'inner fields side by side',
      ['timing.soakSeconds=0', 'timing.approvalTimeoutSeconds=9'],
      { timing: { soakSeconds: 0, approvalTimeoutSeconds: 9 } },
    ],
    ['the last of two', ['sku=a', 'sku=b'], { sku: 'b' }],
  ])('%s', (_name, settings, expected) => {
    expect(applySettings({}, settings)).toEqual(expected);
  });

  it.each<[string, Record<string, unknown>]>([
    ['reason=4711', { reason: '4711' }],
    ['reason=null', { reason: 'null' }],
    ['reason="5"', { reason: '5' }],
    ['requests.cpu=1', { requests: { cpu: '1' } }],
    ['timing.soakSeconds=5', { timing: { soakSeconds: 5 } }],
    ['dryRun=true', { dryRun: true }],
    ['nothing.known=1', { nothing: { known: 1 } }],
  ])('%s: text where the runbook has text, quoted or not', (setting, expected) => {
    expect(applySettings({}, [setting], resizeDeploymentInput)).toEqual(expected);
  });

  it('a value of a parameter is what it looks like', () => {
    expect(applySettings({}, ['parameters.work_mem=1'], databaseRestartInput)).toEqual({ parameters: { work_mem: 1 } });
  });

  it('goes over the file and leaves it as it was', () => {
    const base = { sku: 'a', timing: { soakSeconds: 5 } };
    expect(applySettings(base, ['timing.soakSeconds=0'])).toEqual({ sku: 'a', timing: { soakSeconds: 0 } });
    expect(base.timing.soakSeconds).toBe(5);
  });

  it.each(['sku', '=x', 'a..b=1', '*=1', '__proto__.x=1', 'constructor.prototype.x=1', 'toString=1', 'a b=1'])(
    '%s is refused',
    (setting) => {
      expect(() => applySettings({}, [setting])).toThrow(expect.objectContaining({ code: 'BadUsage' }));
      expect(({} as Record<string, unknown>).x).toBeUndefined();
    },
  );

  it('does not put a field into a value, and names every setting that cannot be applied', () => {
    const attempt = (): unknown => applySettings({ sku: 'a' }, ['sku.x=1', 'y', 'storageGb=5']);
    expect(attempt).toThrow(
      expect.objectContaining({
        fields: [expect.objectContaining({ field: 'sku.x' }), expect.objectContaining({ field: 'y' })],
      }),
    );
  });
});

describe('--input', () => {
  it.each([
    ['JSON', '{"sku": "a", "storageGb": 5}'],
    ['JSON with tabs', '{\n\t"sku": "a",\n\t"storageGb": 5\n}'],
    ['YAML', 'sku: a\nstorageGb: 5\n'],
  ])('%s', async (_name, text) => {
    expect(await parseInput(text, 'a file')).toEqual({ sku: 'a', storageGb: 5 });
  });

  it.each([
    ['half a document', '{"sku": ', 'neither JSON nor YAML'],
    ['a field twice', '{"sku": "a", "sku": "b"}', 'unique'],
    ['a list', '[1]', 'a list'],
    ['text', 'scale!', 'a string'],
    ['nothing', '', 'nothing'],
    [
      'aliases of aliases',
      `a: &a [x]\nb: &b [${'*a,'.repeat(99)}]\nc: &c [${'*b,'.repeat(99)}]\nd: [${'*c,'.repeat(99)}]`,
      'alias',
    ],
  ])('%s is refused in a line', async (_name, text, named) => {
    const error = await parseInput(text, 'a file').then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).toContain(named);
    expect((error as Problem).message).not.toContain('\n');
  });

  it('says what is wrong with a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runbook-input-'));
    try {
      writeFileSync(join(folder, 'large'), Buffer.alloc(9 * 1024 * 1024));
      await expect(readInput({ input: join(folder, 'none') })).rejects.toThrow('there is no such file');
      await expect(readInput({ input: folder })).rejects.toThrow('is a folder');
      await expect(readInput({ input: join(folder, 'large') })).rejects.toThrow('9 MiB → at most 8 MiB');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
