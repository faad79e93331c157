/** What a change does next: one row a situation. */
import { decide, type Answer, type Situation } from '../../../../activities/azure/long-operation-decision';

const idle: Situation = {
  state: 'Ready',
  there: false,
  operationInFlight: false,
  busyMayBeOurs: false,
  oppositeMayBeUnseen: false,
  sameMayBeUnseen: false,
  idleMs: 0,
  settleMs: 3000,
  busyRefusals: 0,
};

const rows: [string, Partial<Situation>, Answer][] = [
  ['an idle server that is not as wanted is changed', {}, 'send'],
  ['an idle server that is as wanted is left alone', { there: true }, 'alreadyThere'],
  ['the wanted value while the server is busy is not believed', { there: true, state: 'Updating' }, 'refuseForeign'],
  [
    'an operation of ours in flight is followed, whatever is read',
    { operationInFlight: true, there: true },
    'resumePoller',
  ],
  ['a busy server that nobody of us touched is refused', { state: 'Updating' }, 'refuseForeign'],
  ['a busy server that we may have touched is waited for', { state: 'Updating', busyMayBeOurs: true }, 'waitForOurs'],
  ['a restarting server is busy', { state: 'Restarting' }, 'refuseForeign'],
  ['a starting server of ours is waited for', { state: 'Starting', busyMayBeOurs: true }, 'waitForOurs'],
  ['a stopped server is refused', { state: 'Stopped' }, 'refuseState'],
  [
    'a stopped server is refused although we may have touched it',
    { state: 'Stopped', busyMayBeOurs: true },
    'refuseState',
  ],
  ['an inaccessible server is refused', { state: 'Inaccessible', there: true }, 'refuseState'],
  ['a server that reads 404 after our change is waited for', { state: undefined, busyMayBeOurs: true }, 'waitForOurs'],
  [
    'after a lost answer an idle server is looked at again',
    { sameMayBeUnseen: true, busyMayBeOurs: true },
    'lookAgain',
  ],
  ['… until it has been idle for long enough', { sameMayBeUnseen: true, busyMayBeOurs: true, idleMs: 3000 }, 'send'],
  [
    '… and if the change shows, all is done',
    { sameMayBeUnseen: true, busyMayBeOurs: true, there: true },
    'alreadyThere',
  ],
  [
    'an undo does not believe the old value at once',
    { oppositeMayBeUnseen: true, busyMayBeOurs: true, there: true },
    'lookAgain',
  ],
  [
    '… but after a while',
    { oppositeMayBeUnseen: true, busyMayBeOurs: true, there: true, idleMs: 3000 },
    'alreadyThere',
  ],
  ['an undo of what shows is sent at once', { oppositeMayBeUnseen: true, busyMayBeOurs: true }, 'send'],
  ['an idle server may refuse as busy a few times', { busyRefusals: 3 }, 'send'],
  ['… then somebody else has it', { busyRefusals: 4 }, 'refuseForeign'],
  ['… unless it may be us', { busyRefusals: 9, busyMayBeOurs: true }, 'send'],
];

test.each(rows)('%s', (_sentence, situation, answer) => {
  expect(decide({ ...idle, ...situation })).toBe(answer);
});
