import { isWorthShowing } from '../../client/cli/follow';
import type { RunView } from '../../client/views';

type State = RunView['state'];

test.each<[State, State | undefined, boolean]>([
  ['open', undefined, true],
  ['unanswered', undefined, true],
  ['unanswered', 'open', false],
  ['unanswered', 'unanswered', true],
  ['open', 'unanswered', true],
  ['closed', 'open', true],
  ['ended', 'unanswered', true],
])('watching: %s after %s is worth showing: %s', (state, last, isShown) => {
  expect(isWorthShowing({ state }, last && { state: last })).toBe(isShown);
});
