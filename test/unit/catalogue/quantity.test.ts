import { quantity } from '../../../catalogue';

test.each([
  ['100m', 0.1],
  ['2', 2],
  ['1.5', 1.5],
  ['512Mi', 536_870_912],
  ['1G', 1e9],
  ['1e3', 1000],
  ['12345n', 0.000012345],
  ['0', 0],
])('%s is %d', (text, value) => {
  expect(quantity(text)).toBeCloseTo(value, 9);
});

test.each(['', 'ten', '1Xi', '1 Gi', '.'])('%p is none', (text) => {
  expect(() => quantity(text)).toThrow('is no quantity');
});
