/** Counting what clients notice: a clock that the test sets, one request every 100 ms. */
import { Counter } from '../../../../activities/clients/measurement';
import { exceeds } from '../../../../catalogue';

const start = Date.parse('2026-01-01T00:00:00Z');

test('a steady server shows no stall', () => {
  const counter = new Counter(100, start);
  for (let ms = 100; ms <= 2000; ms += 100) counter.answered(start + ms);
  expect(counter.measurement(start + 2100)).toEqual({
    requests: 20,
    failedRequests: 0,
    longestStallSeconds: 0,
    unmeasuredSeconds: 0,
  });
});

test('a stall lasts from one answer to the next, beyond the pace', () => {
  const counter = new Counter(100, start);
  counter.answered(start + 100);
  for (let failed = 0; failed < 3; failed += 1) counter.failed(start + 600 + failed, `refusal ${failed}`);
  counter.answered(start + 1700);
  counter.answered(start + 1800);
  expect(counter.measurement(start + 1900)).toEqual({
    ...{ requests: 6, failedRequests: 3, lastFailure: 'refusal 2', longestStallSeconds: 1.5, unmeasuredSeconds: 0 },
  });
});

test('a stall that goes on counts for what it is so far', () => {
  const counter = new Counter(100, start);
  counter.answered(start);
  for (let second = 1; second <= 5; second += 1) counter.measurement(start + second * 1000);
  expect(counter.measurement(start + 5100).longestStallSeconds).toBe(5);
});

test('another worker goes on counting, and the gap is unmeasured, not a stall', () => {
  const first = new Counter(100, start);
  first.answered(start + 100);
  first.failed(start + 200, 'refused');
  const second = new Counter(100, start + 9000, { ...first.checkpoint(start + 1000), signalled: true });
  second.answered(start + 9050);
  expect(second.signalled).toBe(true);
  expect(second.measurement(start + 9100)).toEqual({
    requests: 3,
    failedRequests: 1,
    lastFailure: 'refused',
    longestStallSeconds: 0.8,
    unmeasuredSeconds: 8,
  });
});

test('a process that stood still measured nothing: no stall, and what it slept through has not failed', () => {
  const counter = new Counter(100, start);
  counter.answered(start + 100);
  counter.failed(start + 15_100, 'no answer');
  counter.answered(start + 15_300);
  expect(counter.measurement(start + 15_400)).toEqual({
    ...{ requests: 2, failedRequests: 0, longestStallSeconds: 0.1, unmeasuredSeconds: 15 },
  });
});

test.each([
  [{ failedRequests: 200, longestStallSeconds: 60 }, false],
  [{ failedRequests: 201, longestStallSeconds: 0 }, true],
  [{ failedRequests: 0, longestStallSeconds: 60.001 }, true],
])('budget of 200 and 60 s against %j: %s', (measured, exceeded) => {
  const budget = { failedRequests: 200, longestStallSeconds: 60 };
  expect(exceeds({ requests: 1000, unmeasuredSeconds: 0, ...measured }, budget)).toBe(exceeded);
});
