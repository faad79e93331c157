/** What is waited for, and for how long. */
import { failure } from '../../../../activities/failures';
import { Deadline, patiently, untilRead } from '../../../../activities/redis/cluster/patience';
import type { Seen } from '../../../../activities/redis/cluster/view';

beforeEach(() => jest.useFakeTimers({ now: 0, doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

describe('a deadline', () => {
  const silent: Seen[] = [{ member: { ordinal: 0, pod: 'r-0', host: '10.0.0.1', port: 6379 }, silent: 'no answer' }];
  const rounds = (list: [at: number, seen: Seen[], waits: boolean][]) => {
    const over = new Deadline((missing) => {
      if (Date.now() > 1000) throw new Error(missing);
    }, 500);
    for (const [at, seen, waits] of list) {
      jest.setSystemTime(at);
      try {
        over.assert({ seen, waits, missing: `at ${at}` });
      } catch (error) {
        return (error as Error).message;
      }
    }
    return undefined;
  };

  test.each<[string, [number, Seen[], boolean][], string | undefined]>([
    [
      'is over where nobody is late',
      [
        [900, [], true],
        [1001, [], true],
      ],
      'at 1001',
    ],
    [
      'waits for a node that is late right then',
      [
        [900, silent, true],
        [1399, silent, true],
      ],
      undefined,
    ],
    [
      'waits until the others count it again',
      [
        [900, silent, true],
        [1399, [], true],
      ],
      undefined,
    ],
    [
      'is over for one that stays silent',
      [
        [900, silent, true],
        [1400, silent, true],
      ],
      'for 1 s: at 1400',
    ],
    [
      'is over for one that is late again and again',
      [
        [900, silent, true],
        [950, [], false],
        [1001, [], false],
      ],
      'at 1001',
    ],
    [
      'is not over before its time for one that is gone',
      [
        [100, silent, true],
        [990, silent, true],
      ],
      undefined,
    ],
  ])('%s', (_name, list, expected) => expect(rounds(list)).toBe(expected));
});

describe('patiently', () => {
  const answers = (list: (Error | string)[]) => {
    let asked = 0;
    const ask = async () => {
      const answer = list[Math.min(asked++, list.length - 1)]!;
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return { ask, count: () => asked };
  };
  const late = failure('NotVerified', 'a node is late');

  test('what passes by itself is asked again', async () => {
    jest.useRealTimers();
    expect(await patiently(answers([late, 'well']).ask)).toBe('well');
  });

  test('what does not is thrown at once', async () => {
    const { ask, count } = answers([failure('Drift', 'somebody else')]);
    await expect(patiently(ask)).rejects.toThrow('somebody else');
    expect(count()).toBe(1);
  });

  test('beyond the limit it is thrown', async () => {
    jest.useRealTimers();
    await expect(patiently(answers([late]).ask, 100)).rejects.toThrow('a node is late');
  });
});

describe('what is read until it can be', () => {
  const missing = () => failure('NotVerified', '5 of 6 pods have an address');
  const until = (read: () => Promise<string>) => {
    const assertInTime = (words: string) => {
      if (Date.now() > 1000) throw new Error(`too late: ${words}`);
    };
    return untilRead(read, { assertAwake: () => undefined, assertInTime }).catch(({ message }: Error) => message);
  };

  test('a pod that comes is waited for', async () => {
    const answers = [missing(), 'six'];
    const read = () => {
      const answer = answers.shift()!;
      return typeof answer === 'string' ? Promise.resolve(answer) : Promise.reject(answer);
    };
    expect(await until(read)).toBe('six');
  });

  test('one that does not come is told of when the time is over', async () => {
    const read = () => {
      jest.setSystemTime(1001);
      return Promise.reject(missing());
    };
    expect(await until(read)).toMatch(/^too late: 5 of 6 pods have an address/);
  });

  test('what does not pass by itself is told of at once', async () => {
    const refused = failure('NotAuthorized', 'pods may not be listed');
    expect(await until(() => Promise.reject(refused))).toMatch(/^pods may not be listed/);
  });
});
