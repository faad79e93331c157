import { styleText } from 'node:util';

/** How text may look: whether it may be coloured, how many columns there are, and what this program is called here. */
export interface Look {
  colour: boolean;
  width: number;
  /** Such as "npx runbook". */
  command: string;
}

export type Tone = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

export function tint(look: Look, tone: Tone, text: string): string {
  return look.colour ? styleText(tone, text, { validateStream: false }) : text;
}

/** Controls, and characters that reverse the direction of text: a terminal would obey them. */
// eslint-disable-next-line no-control-regex
const obeyed = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** One line of text from outside, safe to print. */
export function plain(text: string): string {
  return text.replace(obeyed, ' ');
}

/** The lines of a text from outside, each safe to print. */
export function plainLines(text: string): string[] {
  return text.split(/\r?\n/).map(plain);
}

/** A copy in which every text is safe to print; texts of several lines become one. */
export function plainAll<Value>(value: Value): Value {
  if (typeof value === 'string') return plain(value) as Value;
  if (Array.isArray(value)) return value.map(plainAll) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainAll(inner)])) as Value;
}

/** An argument as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
