import { type Case, green, type Strike } from '../harness/case';

export type Outcomes = Case['expected']['outcomes'];

/** A case in which something comes from outside at its moment. */
export function struck(helper: string, name: string, strikes: Strike[], outcomes: Outcomes = ['Succeeded']): Case {
  return { ...green, helper, name, strikes, expected: { outcomes } };
}
