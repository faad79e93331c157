import { z } from 'zod';
import { findRunbook, topologySchema } from '../../catalogue';
import { inputProblems } from '../../catalogue';
import { checkInput } from '../../client/check-input';
import { Problem } from '../../client/problem';

const entry = findRunbook('databaseSkuUpgrade')!;
const fitting = { sku: 'Standard_D8ds_v4', requestedBy: 'operator@example.com' };

describe('an input that does not fit', () => {
  it.each([
    ['an unknown field', { skus: 'x' }, 'skus', 'no field of this runbook', 'did you mean sku?'],
    [
      'an unknown inner field',
      { clientBudget: { failedRequest: 1 } },
      'clientBudget.failedRequest',
      'no field',
      'failedRequests',
    ],
    ['a wrong type', { acceptLoss: 3 }, 'acceptLoss', '3', 'correct it'],
    ['a number where text belongs', { reason: 5 }, 'reason', '5', `--set 'reason="5"'`],
    [
      'a value that is none of the allowed',
      { tier: 'GeneralPurpos' },
      'tier',
      '"GeneralPurpos"',
      'did you mean GeneralPurpose?',
    ],
    ['a number that is too small', { storageGb: 12 }, 'storageGb', '12', 'correct it'],
    ['half a number', { storageGb: 64.5 }, 'storageGb', '64.5', 'correct it'],
    ['a wildcard', { server: 'broxiva-*' }, 'server', '"broxiva-*"', 'correct it'],
    ['an empty name', { server: '' }, 'server', '""', 'correct it'],
    ['null', { sku: null }, 'sku', 'null', 'correct it'],
    ['a text of 3 MiB', { reason: 'x'.repeat(3 * 1024 * 1024) }, 'reason', '3,145,728 characters', 'shorten it'],
    ['nobody who asks', { requestedBy: undefined }, 'requestedBy', undefined, '--set requestedBy=…'],
    ['nothing to change', { sku: undefined }, 'sku', undefined, 'say what to change'],
  ])('%s is named with its field, what was given and what to do', (_name, change, field, given, remedy) => {
    const problems = inputProblems(entry.input, { ...fitting, ...change });
    expect(problems).toHaveLength(1);
    expect(problems[0]!.field).toBe(field);
    expect(problems[0]!.remedy).toContain(remedy);
    expect(problems[0]!.allowed).not.toBe('');
    if (given === undefined) expect(problems[0]!.given).toBeUndefined();
    else expect(problems[0]!.given).toContain(given);
    expect(JSON.stringify(problems).length).toBeLessThan(600);
  });

  it('is told in words, not in those of a schema', () => {
    const { input } = findRunbook('databaseRestart')!;
    const problems = inputProblems(input, { requestedBy: 'operator@example.com', parameters: 4 });
    expect(problems).toMatchObject([{ field: 'parameters', given: '4', allowed: 'names, each with a value' }]);
  });

  it('is told in full, not the first thing only', () => {
    const fields = inputProblems(entry.input, { tier: 1, storageGb: 1, colour: 'red', requestedBy: '*' }).map(
      ({ field }) => field,
    );
    expect(fields.sort()).toEqual(['colour', 'requestedBy', 'storageGb', 'tier']);
  });

  it.each([
    ['nothing', undefined],
    ['a list', []],
    ['text', 'scale!'],
    ['null', null],
  ])('%s is no input', (_name, input) => {
    expect(inputProblems(entry.input, input)).toHaveLength(1);
  });

  it.each(['{"__proto__": {"dryRun": true}}', '{"clientBudget": {"__proto__": {}}}'])(
    '%s is refused, though zod passes over it',
    (text) => {
      expect(
        inputProblems(entry.input, { ...fitting, ...(JSON.parse(text) as object) }).length +
          inputProblems(entry.input, JSON.parse(text)).length,
      ).toBeGreaterThan(0);
      expect(inputProblems(entry.input, JSON.parse(text))[0]!.field).toMatch(/__proto__$/);
    },
  );

  it('is thrown as one problem', () => {
    expect(() => checkInput(entry, {})).toThrow(Problem);
    expect(() => checkInput(entry, { ...fitting, ...entry.example })).not.toThrow();
  });
});

it('looks for unknown fields through defaults and optionals, of any schema', () => {
  const problems = inputProblems(topologySchema, {
    environment: 'x',
    azure: { resourceGroup: 'g' },
    postgres: {
      primary: 'abc',
      database: 'd',
      applicationRole: 'r',
      clients: [{ name: 'c', conectTimeoutSeconds: 1 }],
    },
    approval: {},
  });
  expect(problems).toEqual([expect.objectContaining({ field: 'postgres.clients.0.conectTimeoutSeconds' })]);
  expect(inputProblems(z.strictObject({}), { a: 1 })[0]!.allowed).toBe('no further fields');
});
