import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { wantsText } from '../../catalogue';
import { Problem } from '../problem';
import { whyUnreadable } from '../unreadable';

/**
 * A runbook's input from the command line: a file or standard input (JSON or YAML), then `--set key=value` over it.
 * Whether it fits the runbook is checked elsewhere; here only whether it can be read.
 */
export interface InputOptions {
  /** A file's name, or "-" for standard input. */
  input?: string;
  set?: string[];
}

/** An input of a runbook is a few lines; this only keeps a wrong file from filling the memory. */
const bytesMax = 8 * 1024 * 1024;

/** `schema`: of the runbook, where it is known. */
export async function readInput(
  { input, set = [] }: InputOptions,
  schema?: z.ZodType,
): Promise<Record<string, unknown>> {
  const base =
    input === undefined ? {} : await parseInput(await readText(input), input === '-' ? 'standard input' : input);
  return applySettings(base, set, schema);
}

/** Pure: the text as an object of fields. Throws `BadInput` that says where it cannot be read. */
export async function parseInput(text: string, from: string): Promise<Record<string, unknown>> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text, { prettyErrors: true });
  } catch (cause) {
    const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]?.replace(/:$/, '');
    throw new Problem('BadInput', `${from} is neither JSON nor YAML: ${why}`, { remedy: 'correct it', cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  const found =
    value === null || value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  throw new Problem('BadInput', `${from} holds ${found}, not an object of fields`, {
    remedy: 'write fields and values, such as {"sku": "Standard_D8ds_v4"}',
  });
}

/**
 * Pure: sets fields by dotted keys. A value is JSON where it can be read as JSON, else text as it stands; in a field that the schema
 * calls text it is text in any case, and quotes around it may be left away.
 * Throws `BadUsage` that names every setting that cannot be applied.
 */
export function applySettings(
  base: Record<string, unknown>,
  settings: readonly string[],
  schema?: z.ZodType,
): Record<string, unknown> {
  const result = structuredClone(base);
  const fields = settings.flatMap((setting) => {
    const equals = setting.indexOf('=');
    const key = equals < 0 ? setting : setting.slice(0, equals);
    const path = key.split('.');
    const isText = schema !== undefined && wantsText(schema, path);
    const why = equals < 0 ? 'no value' : assign(result, path, valueOf(setting.slice(equals + 1), isText));
    return why === undefined
      ? []
      : [
          {
            field: key.slice(0, 60),
            given: why,
            allowed: 'field=value or field.inner=value',
            remedy: 'correct this --set',
          },
        ];
  });
  if (fields.length > 0) throw new Problem('BadUsage', 'not every --set can be applied', { fields });
  return result;
}

/** Answers why the value cannot be put there, or nothing. */
function assign(target: Record<string, unknown>, path: string[], value: unknown): string | undefined {
  if (!path.every((name) => /^[A-Za-z][A-Za-z0-9_-]*$/.test(name))) return 'not the name of a field';
  if (path.some((name) => name in Object.prototype)) return 'a name of the language itself';
  let current = target;
  for (const name of path.slice(0, -1)) {
    const inner = Object.hasOwn(current, name) ? current[name] : (current[name] = {});
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return `${name} has a value of its own`;
    current = inner as Record<string, unknown>;
  }
  current[path.at(-1)!] = value;
  return undefined;
}

function valueOf(text: string, isText: boolean): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isText && typeof value !== 'string' ? text : value;
  } catch {
    return text;
  }
}

async function readText(file: string): Promise<string> {
  if (file === '-') return readStandardInput();
  try {
    const { size } = statSync(file);
    if (size > bytesMax) throw tooLarge(file, size);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem('BadInput', `${file}: ${whyUnreadable(cause)}`, {
      remedy: 'give --input a file of JSON or YAML, or "-"',
      cause,
    });
  }
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > bytesMax) throw tooLarge('standard input', size);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(from: string, size: number): Problem {
  const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  return new Problem('BadInput', `${from} is too large: ${mebibytes(size)} → at most ${mebibytes(bytesMax)}`, {
    remedy: "an input is a few lines; give the runbook's fields only",
  });
}
