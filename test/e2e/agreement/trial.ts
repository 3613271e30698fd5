// What a real QEMU does with a stream: one throw-away process, -S, its monitor on a pipe, a deadline. Answers a verdict
// and all that it said; nothing is ever remembered. Imports qemu/.

import { spawn } from 'node:child_process';
import { symlinkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wordsFor, type QemuBinary } from '../../../src/qemu/binary.js';
import { keep } from '../../../src/qemu/keeper.js';

export interface Trial {
  readonly binary: QemuBinary;
  /** QEMU's options; paths in it are relative to a folder of its own, where `files` lie. */
  readonly argv: readonly string[];
  readonly stream: Uint8Array;
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** `file` where the stream has fixed file offsets. */
  readonly transport: 'exec' | 'file';
}

export type Verdict = 'loads' | 'rejected' | 'aborts' | 'hangs';

export interface Outcome {
  readonly verdict: Verdict;
  /** stderr: without the program's name, warnings left out. The monitor's error, when the load does not begin. */
  readonly lines: readonly string[];
  /** All of stderr, as it came. */
  readonly words: string;
  readonly ms: number;
}

/** A QEMU that has loaded says so in a tenth of this; only one that hangs takes all of it. Milliseconds. */
export const DEADLINE = 6_000;

/** From its last words to the exit. Milliseconds. */
const GRACE = 3_000;

export function linesOf(words: string): string[] {
  const lines = words.split('\n').map((line) => line.replace(/^qemu-system-[a-z0-9_]+: /, ''));
  return lines.filter((line) => line !== '' && !/^(.*: )?warning: /.test(line));
}

/**
 * `folder` is made, used and removed; `files` are linked into it. @throws Error when QEMU cannot take the argv or the
 * capabilities.
 */
export async function tryStream(
  trial: Trial,
  folder: string,
  files: readonly string[],
  deadline = DEADLINE,
): Promise<Outcome> {
  mkdirSync(folder);
  try {
    for (const file of files) symlinkSync(file, join(folder, file.slice(file.lastIndexOf('/') + 1)));
    writeFileSync(join(folder, 'state'), trial.stream);
    return await run(trial, folder, deadline);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(trial: Trial, folder: string, deadline: number): Promise<Outcome> {
  const { binary, argv, capabilities, transport } = trial;
  const started = performance.now();
  const child = spawn(binary.file, wordsFor(binary, [...argv, '-S', '-incoming', 'defer', '-qmp', 'stdio']), {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: folder,
    env: { ...process.env, ...binary.env },
    detached: true,
  });
  keep(child);
  let words = '';
  let heard = '';
  let incoming = false;
  let loaded = false;
  let refusal: string | undefined;
  let grace: NodeJS.Timeout | undefined;
  const say = (execute: string, args?: object): void =>
    void child.stdin.write(`${JSON.stringify({ execute, ...(args === undefined ? {} : { arguments: args }) })}\n`);
  // It may die while we still speak.
  child.stdin.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
    // The exit that follows may block for ever (7.2, seen once in some thousand): what it had to say is said.
    if (words.includes('load of migration failed: ')) grace ??= setTimeout(() => child.kill('SIGKILL'), GRACE);
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
    for (let end = heard.indexOf('\n'); end !== -1; end = heard.indexOf('\n')) {
      const message = JSON.parse(heard.slice(0, end)) as {
        error?: { desc: string };
        event?: string;
        data?: { status?: string };
      };
      heard = heard.slice(end + 1);
      // The monitor's answer is all: QEMU would wait for another command.
      if (message.error !== undefined && refusal === undefined) {
        refusal = message.error.desc;
        child.kill('SIGKILL');
      }
      if (message.event === 'MIGRATION' && message.data?.status === 'setup') incoming = true;
      if (message.event !== 'MIGRATION' || message.data?.status !== 'completed') continue;
      loaded = true;
      say('quit');
    }
  });
  say('qmp_capabilities');
  say('migrate-set-capabilities', {
    capabilities: Object.entries({ events: true, ...capabilities }).map(([capability, state]) => ({
      capability,
      state,
    })),
  });
  say('migrate-incoming', { uri: transport === 'file' ? 'file:state' : 'exec:cat state' });
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, deadline);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(grace);
      if (refusal === undefined && !incoming && !late) {
        reject(new Error(`QEMU did not begin to load: ${words} (${argv.join(' ')})`));
        return;
      }
      if (refusal !== undefined) {
        resolve({ verdict: 'rejected', lines: [refusal], words, ms: performance.now() - started });
        return;
      }
      const refused = grace !== undefined;
      const verdict: Verdict = refused
        ? 'rejected'
        : late
          ? 'hangs'
          : signal !== null
            ? 'aborts'
            : loaded && code === 0
              ? 'loads'
              : 'rejected';
      resolve({ verdict, lines: linesOf(words), words, ms: performance.now() - started });
    });
  });
}
