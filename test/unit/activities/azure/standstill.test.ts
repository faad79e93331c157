/** Goal: a process that slept through its heartbeats knows it, whichever of its timers runs first when it wakes. */
import { Standstill } from '../../../../activities/standstill';

function at(times: number[]): Standstill {
  const next = [...times];
  return new Standstill(4000, () => next.shift()!);
}

test('beats in time: nothing happened', () => {
  const still = at([0, 1000, 2100, 5000]);
  still.alive();
  still.alive();
  expect(still.happened).toBe(false);
});

test('asked before the first beat after waking', () => {
  expect(at([0, 7000]).happened).toBe(true);
});

test('a beat that came first after waking does not hide it', () => {
  const still = at([0, 7000, 7001]);
  still.alive();
  expect(still.happened).toBe(true);
});
