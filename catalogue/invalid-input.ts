import type { z } from 'zod';

/** One thing that is wrong with an input. */
export interface InvalidField {
  /** Dotted path, or "input" for the whole. */
  field: string;
  /** What was given and what is allowed. */
  message: string;
}

/** Puts a schema's complaints into words: every one of them, each naming its field and what was given (cut to 60 characters). */
export function describeInvalid(error: z.core.$ZodError, input: unknown): InvalidField[] {
  return error.issues.flatMap((issue) => {
    const field = issue.path.length === 0 ? 'input' : issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: [...issue.path.map(String), shorten(key)].join('.'),
        message: 'there is no such field',
      }));
    }
    return [{ field, message: `${given(input, issue.path)}: ${allowed(issue)}` }];
  });
}

function given(input: unknown, path: PropertyKey[]): string {
  let value: unknown = input;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value === undefined ? 'nothing was given' : shorten(JSON.stringify(value) ?? typeof value);
}

function allowed(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_format' ? issue.message.replace(/^Invalid string: /, '') : issue.message;
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}… (${text.length} characters)`;
}
