import { z } from 'zod';
import type { RunbookEntry } from '../../../catalogue';
import { columns } from './table';
import type { Look } from './text';
import { shellWord, tint } from './text';

/** One field of a runbook's input, as people read it. */
export interface InputField {
  /** Dotted. */
  field: string;
  type: string;
  /** As JSON, where the field may be left out and then has a value. */
  default?: string;
  required: boolean;
}

/** What a runbook does, the worst that can happen, what it asks for, and how to begin. */
export function renderRunbook(entry: RunbookEntry, look: Look): string {
  const { name, title, summary, risk, example } = entry;
  const settings = Object.entries(example).map(([key, value]) => shellWord(`${key}=${String(value)}`));
  const rows = fieldsOf(entry.input).map((field) => [field.field, field.type, whenAbsent(field)]);
  return [
    `${tint(look, 'bold', name)}   ${title}`,
    columns(
      look,
      [
        ['', summary],
        ['risk:', risk],
      ].map(([head = '', text = '']) => [head, text]),
      '',
    ),
    'input, by --set field=value or --input file:',
    columns(look, rows, '  '),
    `begin: ${look.command} plan ${name} ${settings.map((setting) => `--set ${setting}`).join(' ')}`,
  ].join('\n');
}

function whenAbsent({ field, required, default: fallback }: InputField): string {
  if (field === 'requestedBy') return 'default: who you are, see --as';
  if (required) return 'required';
  return fallback === undefined ? '' : `default ${fallback}`;
}

/** Every field of an input, inner ones by dotted names. */
export function fieldsOf(input: z.ZodType): InputField[] {
  return flatten(z.toJSONSchema(input, { io: 'input', unrepresentable: 'any', override: describePattern }), '');
}

/** A pattern's own words ("3 to 63 lower-case letters…") say more than the pattern. */
function describePattern({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: Schema }): void {
  const checks = zodSchema._zod.def.checks ?? [];
  const words = checks.flatMap(({ _zod: { def } }) => (def.check === 'string_format' ? [def.error?.(noIssue)] : []));
  if (typeof words[0] === 'string') jsonSchema.description = words[0];
}

/** The words of this catalogue's patterns do not depend on what was given. */
const noIssue = { code: 'invalid_format', input: '', path: [] } as never;

type Schema = z.core.JSONSchema.BaseSchema;

function flatten(schema: Schema, prefix: string): InputField[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    if (typeof inner === 'boolean') return [];
    const field = prefix === '' ? key : `${prefix}.${key}`;
    if (inner.properties !== undefined) return flatten(inner, field);
    const fallback = inner.default === undefined ? undefined : JSON.stringify(inner.default);
    return [{ field, type: typeOf(inner), default: fallback, required: schema.required?.includes(key) ?? false }];
  });
}

function typeOf(schema: Schema): string {
  const { enum: values, type, minimum, maximum, items, description } = schema;
  if (values !== undefined) return values.map(String).join(' | ');
  if (type === 'array') {
    const inner = typeof items === 'object' && !Array.isArray(items) ? typeOf(items) : 'value';
    return `list of ${inner}`;
  }
  const range =
    minimum === undefined || maximum === undefined
      ? ''
      : ` ${minimum.toLocaleString('en')}–${maximum.toLocaleString('en')}`;
  if (type === 'string') return description ?? 'text';
  return `${names[String(type)] ?? String(type)}${range}`;
}

const names: Record<string, string> = {
  ...{ integer: 'whole number', number: 'number', boolean: 'true | false', object: 'values by name' },
};
