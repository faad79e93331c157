import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformSync } from '@swc/core';

const repository = join(__dirname, '..', '..', '..');

/** What a command printed, and its exit code. */
export interface Finished {
  code: number | null;
  out: string;
  err: string;
}

/**
 * The command line as a program of its own, made from the sources in a folder of its own: it needs no build to be there, and
 * no build of others can change it.
 */
export class CommandLine {
  private readonly folder = mkdtempSync(join(tmpdir(), 'runbook-cli-'));
  private readonly main = join(this.folder, 'client', 'cli', 'main.js');

  constructor(private readonly env: Record<string, string> = {}) {
    for (const part of ['catalogue', 'client']) compile(part, this.folder);
    symlinkSync(join(repository, 'node_modules'), join(this.folder, 'node_modules'));
    symlinkSync(join(repository, 'config'), join(this.folder, 'config'));
    symlinkSync(join(repository, 'package.json'), join(this.folder, 'package.json'));
  }

  /** Runs a command to its end. `deadlineMs`: longer for one that waits for a run. */
  run(
    args: string[],
    {
      env = {},
      input,
      deadlineMs = 50_000,
    }: { env?: Record<string, string>; input?: string; deadlineMs?: number } = {},
  ): Promise<Finished> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [this.main, ...args],
        { env: this.environment(env), timeout: deadlineMs, maxBuffer: 32 * 1024 * 1024 },
        (_error, out, err) => resolve({ code: child.exitCode, out, err }),
      );
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input ?? '');
    });
  }

  /** Runs a command with --json and reads its document. */
  async json<Document = Record<string, unknown>>(args: string[], env: Record<string, string> = {}) {
    const { code, out } = await this.run([...args, '--json'], { env });
    return { code, document: JSON.parse(out) as Document };
  }

  /** Starts a command that goes on. */
  start(args: string[], env: Record<string, string> = {}): ChildProcess {
    return spawn(process.execPath, [this.main, ...args], {
      env: this.environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Nothing of the tester's own configuration, and a command's name that does not depend on the machine. */
  private environment(env: Record<string, string>): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, HOME: this.folder, RUNBOOK_COMMAND: 'runbook', ...this.env, ...env };
  }
}

function compile(part: string, into: string): void {
  for (const entry of readdirSync(join(repository, part), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(into, source.slice(repository.length + 1).replace(/\.ts$/, '.js'));
    const { code } = transformSync(readFileSync(source, 'utf8'), {
      filename: source,
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' },
    });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
}
