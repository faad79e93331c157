import { runbooks } from '../../catalogue';
import { asProblem, exitCodeOf, problemDocument } from '../../client/cli/errors';
import { whoSpeaks } from '../../client/cli/identity';
import { endingOfFailure, endingOfResult } from '../../client/ending';
import { Problem } from '../../client/problem';
import { runQuery } from '../../client/search';
import { isUnanswered, isUnreachable, problemOf } from '../../client/temporal-errors';
import { report } from './support/samples';

const where = { address: 'localhost:7233', namespace: 'default', workflowId: 'a-run' };

function failure(name: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name });
}

function grpc(code: number, details: string): Error {
  return failure('ServiceError', 'Failed', Object.assign(new Error(`${code}: ${details}`), { code, details }));
}

describe('what Temporal throws', () => {
  it.each<[string, unknown, string, string]>([
    ['no such namespace', failure('NamespaceNotFoundError', 'x'), 'NamespaceNotFound', '"default"'],
    ['no such run', failure('WorkflowNotFoundError', 'workflow not found'), 'NotFound', '"a-run"'],
    [
      'a run that has closed',
      failure('WorkflowNotFoundError', 'workflow execution already completed'),
      'Rejected',
      'has closed',
    ],
    ['another kind of workflow', failure('QueryNotRegisteredError', 'x'), 'NotFound', 'not the run of a runbook'],
    [
      'an update that was refused',
      failure('WorkflowUpdateFailedError', 'x', new Error('not now')),
      'Rejected',
      'not now',
    ],
    ['nobody listens', failure('Error', 'Failed to connect before the deadline'), 'Unreachable', 'localhost:7233'],
    ['the server went away', grpc(14, 'connection refused'), 'Unreachable', 'connection refused'],
    [
      'unregistered search attributes',
      grpc(3, 'invalid query: invalid search attribute: RunbookPhase'),
      'NotRegistered',
      'RunbookPhase',
    ],
    ['a wrong key', grpc(16, 'unauthorized'), 'Other', 'refuses this identity'],
    ['anything else', grpc(13, 'broken'), 'Other', 'broken'],
    ['not even an error', 'text', 'Other', 'text'],
  ])('%s', (_name, error, code, named) => {
    const problem = problemOf(error, where);
    expect(problem.code).toBe(code);
    expect(problem.message).toContain(named);
    expect(exitCodeOf(problem)).toBe(1);
  });

  it.each<[string, Error, boolean, boolean]>([
    ['a deadline', grpc(4, 'Deadline exceeded'), true, false],
    ['a deadline between two tries', grpc(1, 'Call cancelled'), true, false],
    ['no poller', grpc(9, 'no poller seen for task queue recently'), true, false],
    ['a worker that cannot go on', grpc(9, 'Cannot query workflow due to Workflow Task in failed state.'), true, false],
    ['a server that is away', grpc(14, 'refused'), false, true],
    ['a run that is not there', failure('WorkflowNotFoundError', 'x'), false, false],
  ])('%s: is it the worker, is it the server?', (_name, error, unanswered, unreachable) => {
    expect(isUnanswered(error)).toBe(unanswered);
    expect(isUnreachable(error)).toBe(unreachable);
  });
});

describe('how a closed run ended', () => {
  const failed = (type: string, details: unknown[]): Error =>
    failure('WorkflowFailedError', 'x', Object.assign(new Error('because'), { type, details }));

  it('with a report, as result or as details of a failure of its outcome', () => {
    expect(endingOfResult(report())).toEqual({ report: report() });
    const refused = report({ outcome: 'Refused' });
    expect(endingOfFailure(failed('Refused', [refused]))).toEqual({ report: refused });
  });

  it.each<[string, () => unknown]>([
    ['a result that is none', () => endingOfResult('done')],
    ['no result', () => endingOfResult(undefined)],
    ['a failure without details', () => endingOfFailure(failed('Refused', []))],
    ['a failure of another type', () => endingOfFailure(failed('Unexpected', [report()]))],
    ['a failure that claims success', () => endingOfFailure(failed('RolledBack', [report()]))],
  ])('without one: %s', (_name, ending) => {
    expect(ending()).toEqual({ why: expect.stringContaining('without a report') as string });
  });

  it('is not said of an error on the way', () => {
    expect(() => endingOfFailure(grpc(14, 'refused'))).toThrow('Failed');
  });
});

describe('exit codes and documents', () => {
  it.each([
    [new Problem('BadUsage', 'x'), 2],
    [new Problem('BadInput', 'x'), 2],
    [new Problem('NoWorker', 'x'), 1],
    [new Problem('Rejected', 'x'), 1],
  ])('%s', (problem, code) => {
    expect(exitCodeOf(problem)).toBe(code);
    expect(problemDocument(problem).error).toMatchObject({ code: problem.code, exitCode: code });
  });

  it('what nobody foresaw is one line', () => {
    expect(asProblem(new Error('a\n    at b (c.ts:1)')).message).toBe('a');
    expect(asProblem(undefined).message).toBe('undefined');
  });
});

describe('who speaks', () => {
  it.each<[string, string | undefined, NodeJS.ProcessEnv, string]>([
    ['as told', 'a@example.com', { RUNBOOK_IDENTITY: 'b' }, 'a@example.com'],
    ['by the environment', undefined, { RUNBOOK_IDENTITY: 'b' }, 'b'],
  ])('%s', (_name, as, env, expected) => expect(whoSpeaks(as, env)).toBe(expected));

  it.each(['', '*', 'a b', 'a\u001b[31m', 'x'.repeat(200)])('%j is nobody', (as) => {
    expect(() => whoSpeaks(as, {})).toThrow(expect.objectContaining({ code: 'BadUsage' }));
  });
});

describe('a search', () => {
  it('puts conditions together', () => {
    const every = Object.keys(runbooks)
      .map((name) => `'${name}'`)
      .join(', ');
    expect(runQuery({ open: true, target: 'target:Postgres:A', outcome: 'Planned', requestedBy: 'DOM\\user' })).toBe(
      `WorkflowType IN (${every}) AND ExecutionStatus = 'Running' AND RunbookTarget = 'postgres:a' AND RunbookOutcome = 'Planned' AND RunbookRequester = 'DOM\\\\user'`,
    );
  });

  it.each([
    { target: "a' OR '1'='1" },
    { phase: 'x' },
    { outcome: 'x' },
    { runbook: 'x' },
    { requestedBy: "'" },
    { target: '*' },
  ])('%j is refused', (filter) => {
    expect(() => runQuery(filter)).toThrow(expect.objectContaining({ code: 'BadUsage' }));
  });
});
