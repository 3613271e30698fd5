// A QEMU process: launched from a binary and an argv. Its last words are kept, its end is noticed, and it is always
// ended by pid.

import { isMainThread } from 'node:worker_threads';
import { shellQuote } from '../base/shell.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wordsFor, type QemuBinary } from './binary.js';
import { keep, keeperMark, keepFolder } from './keeper.js';
import { pending } from './qmp/wait.js';

/** Bytes kept of stdout and of stderr: the beginning, where QEMU gives the reason, and the end. */
const KEPT_HEAD = 32 * 1024;
const KEPT_TAIL = 32 * 1024;

/**
 * Time after the exit in which the pipe may deliver the last words: a helper of QEMU can hold the pipe open.
 * Milliseconds.
 */
const LAST_WORDS = 250;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The reason why it never started. */
  readonly error?: Error;
}

/** QEMU ended, or never started, while a caller needed it. */
export class QemuDied extends Error {
  readonly exit: Exit;
  /** QEMU's stderr, bounded in length. */
  readonly stderr: string;
  /** The whole command line, quoted. */
  readonly commandLine: string;
  /** The executable could not be started at all. */
  readonly missing: boolean;

  constructor(while_: string, exit: Exit, stderr: string, commandLine: string) {
    const how =
      exit.error !== undefined
        ? `could not be started (${exit.error.message})`
        : exit.signal !== null
          ? `was ended by ${exit.signal}`
          : `exited with status ${exit.code}`;
    const words = stderr.trim();
    super(`QEMU ${how} ${while_}${words === '' ? ', saying nothing' : `:\n${words}`}\n  command: ${commandLine}`);
    this.name = 'QemuDied';
    this.exit = exit;
    this.stderr = stderr;
    this.commandLine = commandLine;
    this.missing = exit.error !== undefined;
  }
}

/** Keeps the beginning and the end of a text of any length. */
class BoundedText {
  #head = '';
  #tail = '';
  #cut = 0;

  push(text: string): void {
    const room = KEPT_HEAD - this.#head.length;
    this.#head += text.slice(0, Math.max(room, 0));
    if (text.length <= room) return;
    this.#tail += text.slice(Math.max(room, 0));
    const over = this.#tail.length - KEPT_TAIL;
    if (over > 0) {
      this.#cut += over;
      this.#tail = this.#tail.slice(over);
    }
  }

  get text(): string {
    return this.#cut === 0
      ? this.#head + this.#tail
      : `${this.#head}\n[... ${this.#cut} characters left out ...]\n${this.#tail}`;
  }
}

export interface LaunchOptions {
  readonly binary: QemuBinary;
  readonly argv: readonly string[];
  /** QEMU's working folder; default: that of this process. */
  readonly cwd?: string | undefined;
}

/** Files that QEMU makes hold guest memory (mem-path, migrate): nobody but their owner may read them. */
function privately<T>(start: () => T): T {
  // A thread has no umask of its own, and may not set that of the process.
  if (!isMainThread) return start();
  const mask = process.umask(0o077);
  try {
    return start();
  } finally {
    process.umask(mask);
  }
}

export class QemuProcess {
  readonly binary: QemuBinary;
  readonly argv: readonly string[];
  readonly #child: ChildProcess;
  readonly #stdout = new BoundedText();
  readonly #stderr = new BoundedText();
  #exit: Exit | undefined;
  /** Resolves when QEMU has ended (or could not start) and its last words are read. Never rejects. */
  readonly exited: Promise<Exit>;

  /** Launches QEMU at once; `exited` or `throwIfDead` tells whether that worked. */
  constructor(options: LaunchOptions) {
    this.binary = options.binary;
    this.argv = options.argv;
    // Its own process group: Ctrl-C on our terminal is ours to handle, in order.
    const child = privately(() =>
      spawn(options.binary.file, wordsFor(options.binary, options.argv), {
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: options.cwd,
        env: { ...process.env, ...options.binary.env, ...keeperMark() },
        detached: true,
      }),
    );
    this.#child = child;
    keep(child);
    for (const [stream, into] of [
      [child.stdout, this.#stdout],
      [child.stderr, this.#stderr],
    ] as const) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => into.push(text));
    }
    this.exited = new Promise((resolve) => {
      const ended = (exit: Exit): void => {
        this.#exit ??= exit;
        resolve(this.#exit);
      };
      child.once('error', (error) => {
        if (child.pid === undefined) ended({ code: null, signal: null, error });
      });
      child.once('exit', (code, signal) => {
        const timer = setTimeout(() => ended({ code, signal }), LAST_WORDS);
        child.once('close', () => {
          clearTimeout(timer);
          ended({ code, signal });
        });
      });
    });
  }

  /** @throws QemuDied when it never started. */
  get pid(): number {
    if (this.#child.pid === undefined) throw this.died('at its start');
    return this.#child.pid;
  }

  /** The way it ended; undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  get stderr(): string {
    return this.#stderr.text;
  }

  get stdout(): string {
    return this.#stdout.text;
  }

  /** The whole command line, quoted for a shell. */
  get commandLine(): string {
    return shellQuote([this.binary.file, ...wordsFor(this.binary, this.argv)]);
  }

  /** The error that says how QEMU ended. */
  died(while_: string): QemuDied {
    return new QemuDied(while_, this.#exit ?? { code: null, signal: null }, this.stderr, this.commandLine);
  }

  /** @throws QemuDied when it has ended. */
  throwIfDead(while_: string): void {
    if (this.#exit !== undefined) throw this.died(while_);
  }

  /** Sends a signal to this pid, if it still runs. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for QEMU's end. @throws Timeout; the signal's reason. */
  async waitForExit(timeoutMs: number, signal?: AbortSignal): Promise<Exit> {
    const wait = pending<Exit>({
      timeoutMs,
      signal,
      what: `QEMU (pid ${this.#child.pid}) to exit`,
      lastSeen: () => this.stderr.trim().split('\n').at(-1) ?? '',
    });
    void this.exited.then((exit) => wait.resolve(exit));
    return wait.promise;
  }

  /** Ends QEMU by pid in any state, and waits until it is gone. */
  async kill(): Promise<Exit> {
    this.signal('SIGKILL');
    return this.exited;
  }
}

/**
 * A private temporary folder, removed by `dropFolder` or at the end of this process. Its path is short enough for a
 * Unix socket (107 bytes).
 */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mstream-'));
  keepFolder(folder);
  return folder;
}
