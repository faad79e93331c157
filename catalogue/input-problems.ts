import type { z } from 'zod';
import { nearest } from './nearest';

/** One field of an input that does not fit. */
export interface FieldProblem {
  /** Dotted, such as "clientBudget.failedRequests"; empty for the input as a whole. */
  field: string;
  /** What was given, shortened; absent where nothing was. */
  given?: string;
  allowed: string;
  /** What to do. */
  remedy: string;
}

/** Everything about an input that does not fit its schema, not the first thing only; nothing where it fits. Pure. */
export function inputProblems(schema: z.ZodType, input: unknown): FieldProblem[] {
  const hidden = hiddenKeys(input, '');
  if (hidden.length > 0) {
    return hidden.map((field) => ({
      field,
      given: 'a key of the language itself',
      allowed: 'fields of the runbook',
      remedy: 'leave it out',
    }));
  }
  const parsed = schema.safeParse(input, { reportInput: true });
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, input, schema));
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, input: unknown, schema: z.ZodType): FieldProblem[] {
  const field = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, issue.path);
    return issue.keys.map((key) => unknownField(field === '' ? key : `${field}.${key}`, key, known));
  }
  const value = valueAt(input, issue.path);
  if (issue.code === 'custom') {
    const [allowed, remedy = 'correct it'] = issue.message.split(': ');
    return [
      { field, given: value === undefined ? undefined : given(value), allowed: allowed ?? issue.message, remedy },
    ];
  }
  const allowed = allowedBy(issue);
  if (value === undefined) {
    return [{ field, allowed, remedy: `give ${field === '' ? 'an input' : `it: --set ${field}=…`}` }];
  }
  return [{ field, given: given(value), allowed, remedy: remedyFor(issue, field, value) }];
}

function unknownField(field: string, key: string, known: string[]): FieldProblem {
  const alike = nearest(key, known);
  return {
    field: shorten(field),
    given: 'no field of this runbook',
    allowed: known.length === 0 ? 'no further fields' : known.join(', '),
    remedy: alike === undefined ? 'leave it out' : `did you mean ${alike}?`,
  };
}

/** What the schema allows, in words. */
function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? `a value of type ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `at most ${quantity(Number(issue.maximum), issue.origin)}`;
    case 'too_small':
      return `at least ${quantity(Number(issue.minimum), issue.origin)}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    default:
      return issue.message;
  }
}

const typeNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object of fields',
  record: 'names, each with a value',
  array: 'a list',
};

function quantity(number: number, origin: string): string {
  const [one, many] =
    origin === 'string' ? [' character', ' characters'] : origin === 'array' ? [' entry', ' entries'] : ['', ''];
  return `${number.toLocaleString('en')}${number === 1 ? one : many}`;
}

function remedyFor(issue: Issue, field: string, value: unknown): string {
  const wantsText = issue.code === 'invalid_type' && issue.expected === 'string';
  if (wantsText && (typeof value === 'number' || typeof value === 'boolean'))
    return `quote it: --set '${field}="${String(value)}"'`;
  if (issue.code === 'too_big' && issue.origin === 'string') return 'shorten it';
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const alike = nearest(value, issue.values.map(String));
    if (alike !== undefined) return `did you mean ${alike}?`;
  }
  return 'correct it';
}

/** A value as it can be shown in a line: shortened, with its size where it is long. */
export function given(value: unknown): string {
  if (typeof value === 'string' && value.length > longestShown) {
    return `${JSON.stringify(value.slice(0, 20))}… (${value.length.toLocaleString('en')} characters)`;
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value) ?? String(value);
}

const longestShown = 60;

function shorten(text: string): string {
  return text.length > longestShown ? `${text.slice(0, 40)}…` : text;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  );
}

/** Whether the schema has a text there: what is written as 4711 is one, too. Pure. */
export function wantsText(schema: z.ZodType, path: readonly PropertyKey[]): boolean {
  return (bare(schemaAt(schema, path)) as { def?: { type?: string } } | undefined)?.def?.type === 'string';
}

/** Names of the fields that the schema has at a path; empty where it has none. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  return Object.keys(shapeOf(schemaAt(schema, path)) ?? {});
}

function schemaAt(schema: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((current, key) => shapeOf(current)?.[String(key)], schema);
}

/** The fields of an object's schema. */
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  return (bare(schema) as { shape?: Record<string, unknown> } | undefined)?.shape;
}

/** Without `optional` and `default`. */
function bare(schema: unknown): unknown {
  const inner = (schema as { def?: { innerType?: unknown } } | undefined)?.def?.innerType;
  return inner === undefined ? schema : bare(inner);
}

/** Paths of own keys that zod passes over, and that no input needs. */
function hiddenKeys(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = path === '' ? key : `${path}.${key}`;
    return key === '__proto__' ? [field] : hiddenKeys(inner, field);
  });
}
