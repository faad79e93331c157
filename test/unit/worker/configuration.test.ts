/** The worker's environment: everything wrong is named at once, each with what to do, and no password is repeated. */
import type { ConfigurationError } from '../../../worker/configuration';
import { readConfiguration } from '../../../worker/configuration';

const good = {
  AZURE_SUBSCRIPTION_ID: '11111111-2222-3333-4444-555555555555',
  DATABASE_URL: 'postgresql://app:a@db/shop',
  DATABASE_ADMIN_URL: 'postgresql://admin:a@db/shop',
};

function problemsOf(environment: NodeJS.ProcessEnv): string[] {
  try {
    readConfiguration(environment);
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems;
  }
}

test("production's defaults", () => {
  expect(readConfiguration(good)).toMatchObject({
    taskQueue: 'runbooks',
    arm: { endpoint: 'https://management.azure.com', subscriptionId: good.AZURE_SUBSCRIPTION_ID },
    connections: { primary: 'broxiva-db-primary', databaseUrl: good.DATABASE_URL },
    topology: { environment: 'broxiva-prod' },
  });
});

test('nothing is set: every variable that is needed is named, and what to do', () => {
  expect(problemsOf({})).toEqual([
    expect.stringMatching(/^AZURE_SUBSCRIPTION_ID is not set: set it to/),
    expect.stringMatching(/^DATABASE_URL is not set, nor RUNBOOK_SECRETS: set it to/),
    expect.stringMatching(/^DATABASE_ADMIN_URL is not set, nor RUNBOOK_SECRETS: set it to/),
  ]);
});

test.each([
  [{ ...good, AZURE_SUBSCRIPTION_ID: 'mine' }, /AZURE_SUBSCRIPTION_ID: "mine" is not the UUID/],
  [{ ...good, ARM_ENDPOINT: 'http://127.0.0.1' }, /ARM_ENDPOINT: "http:\/\/127.0.0.1" is not an https/],
  [{ ...good, PGSSLROOTCERT: '/nowhere/ca.pem' }, /PGSSLROOTCERT: "\/nowhere\/ca.pem" is not a file/],
  [{ ...good, RUNBOOK_SECRETS: '/nowhere' }, /RUNBOOK_SECRETS: "\/nowhere" is not a folder/],
  [{ ...good, RUNBOOK_TOPOLOGY: '/nowhere.yaml' }, /RUNBOOK_TOPOLOGY=\/nowhere.yaml: there is no such file/],
  [{ ...good, RUNBOOK_TOPOLOGY: 'package.json' }, /RUNBOOK_TOPOLOGY=package.json: environment/],
  [{ ...good, RUNBOOK_METRICS_ADDRESS: '9464' }, /RUNBOOK_METRICS_ADDRESS: "9464" is not of the form/],
])('one thing is wrong: %j', (environment, said) => {
  expect(problemsOf(environment).join('\n')).toMatch(said);
});

test('a password is never repeated', () => {
  const problems = problemsOf({ ...good, DATABASE_URL: 'mysql://app:secret@db/shop' }).join('\n');
  expect(problems).toMatch(/DATABASE_URL: its value is not of the form/);
  expect(problems).not.toContain('secret');
});
