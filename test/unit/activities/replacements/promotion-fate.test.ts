/** What may still come of a promotion that was asked for: told events in order, at moments of a clock of its own. */
import { PromotionFate, unheardMs } from '../../../../activities/replacements/promotion-fate';

type Event = 'asked' | 'seen' | 'unheard' | 'adopted' | 'lost' | 'refused' | 'over';

function fateAfter(events: Event[], idle: () => boolean | Error = () => true) {
  const clock = { now: 1000 };
  const isIdle = () => {
    const answer = idle();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const fate = new PromotionFate(isIdle, () => clock.now);
  for (const event of events) fate[event]();
  return { fate, clock };
}

test.each<[string, Event[], { mayCome: boolean; isUnderWay: boolean; isClean: boolean; open: boolean }]>([
  ['nothing was asked for', [], { mayCome: false, isUnderWay: false, isClean: true, open: false }],
  ['one is on its way', ['asked'], { mayCome: true, isUnderWay: true, isClean: false, open: false }],
  ['one was refused', ['asked', 'refused'], { mayCome: false, isUnderWay: false, isClean: true, open: false }],
  ['its answer was lost', ['asked', 'unheard'], { mayCome: true, isUnderWay: false, isClean: false, open: true }],
  ['an earlier worker died', ['adopted'], { mayCome: true, isUnderWay: false, isClean: false, open: true }],
  [
    'its answer was lost, and another was refused: that says nothing of the first',
    ['asked', 'unheard', 'asked', 'refused'],
    { mayCome: true, isUnderWay: false, isClean: false, open: true },
  ],
  [
    'its answer was lost, and the operation of another has ended',
    ['asked', 'unheard', 'asked', 'over'],
    { mayCome: false, isUnderWay: false, isClean: false, open: false },
  ],
  [
    'one is on its way, and nobody asks how it ends any more',
    ['asked', 'lost'],
    { mayCome: true, isUnderWay: false, isClean: false, open: true },
  ],
  [
    'nobody asks any more, and none was on its way',
    ['lost'],
    { mayCome: false, isUnderWay: false, isClean: true, open: false },
  ],
  [
    'refused, and the fence that is found is its own',
    ['asked', 'refused', 'adopted'],
    { mayCome: false, isUnderWay: false, isClean: true, open: false },
  ],
  [
    'Azure shows one that nobody here has asked for',
    ['seen', 'over'],
    { mayCome: false, isUnderWay: false, isClean: true, open: false },
  ],
  [
    'one that nobody here has asked for, and nobody asks any more',
    ['seen', 'lost'],
    { mayCome: false, isUnderWay: false, isClean: true, open: false },
  ],
  [
    'its operation has ended, maybe after its effect',
    ['asked', 'over'],
    { mayCome: false, isUnderWay: false, isClean: false, open: false },
  ],
])('%s', async (_name, events, { open, ...expected }) => {
  const { fate } = fateAfter(events);
  expect({ mayCome: fate.mayCome, isUnderWay: fate.isUnderWay, isClean: fate.isClean }).toEqual(expected);
  expect(await fate.isOpen()).toBe(open);
});

test('what nobody has heard of is no longer waited for when Azure has shown the server idle for that long', async () => {
  const { fate, clock } = fateAfter(['asked', 'unheard']);
  clock.now += unheardMs - 1;
  expect(await fate.isOpen()).toBe(true);
  clock.now += 1;
  expect(await fate.isOpen()).toBe(false);
  expect(fate.mayCome).toBe(false);
});

test.each<[string, boolean | Error]>([
  ['it is busy', false],
  ['Azure cannot be asked', new Error('no answer')],
])('while %s the time begins anew', async (_name, answer) => {
  let now: boolean | Error = answer;
  const { fate, clock } = fateAfter(['unheard'], () => now);
  clock.now += unheardMs;
  expect(await fate.isOpen()).toBe(true);
  now = true;
  clock.now += unheardMs - 1;
  expect(await fate.isOpen()).toBe(true);
  clock.now += 1;
  expect(await fate.isOpen()).toBe(false);
});
