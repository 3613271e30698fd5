// The command line in process: files, pipes, terminals and signals that exist only here.
import type { ByteSink, ByteSource } from '../../src/bytes/source.js';
import { nodeCompressors } from '../../src/bytes/node/compressors.js';
import { nodeDecompressors } from '../../src/bytes/node/decompressors.js';
import { OutputClosed } from '../../src/bytes/output-closed.js';
import { forwardSource, memorySink, memorySource } from '../../src/bytes/source.js';
import { MigrationStreamError } from '../../src/base/errors.js';
import type { Host } from '../../src/cli/host.js';
import { run } from '../../src/cli/run.js';

export interface FakeHostOptions {
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly stdin?: Uint8Array | ByteSource;
  readonly env?: Readonly<Record<string, string>>;
  /** Which outputs are a terminal. */
  readonly tty?: { readonly stdout?: boolean; readonly stderr?: boolean };
  readonly columns?: number;
  /** Instead of `files`. */
  readonly openInput?: Host['openInput'];
  readonly now?: () => number;
  /** Bytes that stdout takes before its reader goes away. */
  readonly stdoutClosesAfter?: number;
  readonly signal?: AbortSignal;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly written: ReadonlyMap<string, Uint8Array>;
}

/** `$ mstream ...args` */
export async function mstream(args: readonly string[], options: FakeHostOptions = {}): Promise<Outcome> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const written = new Map<string, Uint8Array>();
  const unfinished = new Map<string, MemoryFile>();
  let left = options.stdoutClosesAfter ?? Number.POSITIVE_INFINITY;
  const writer = (into: Buffer[]) => async (data: string | Uint8Array) => {
    if (into === out && (left -= data.length) < 0) throw new OutputClosed('stdout');
    into.push(Buffer.from(data));
  };
  const host: Host = {
    version: '0.0.0-test',
    args,
    env: options.env ?? {},
    cwd: '/here',
    stdout: {
      isTTY: options.tty?.stdout ?? false,
      columns: options.tty?.stdout ? (options.columns ?? 100) : undefined,
      write: writer(out),
    },
    stderr: {
      isTTY: options.tty?.stderr ?? false,
      columns: options.tty?.stderr ? (options.columns ?? 100) : undefined,
      write: writer(err),
    },
    signal: options.signal ?? new AbortController().signal,
    openInput:
      options.openInput ??
      (async (path) => {
        const file = unfinished.get(path);
        return file === undefined ? fakeInput(path, options) : memorySource(file.bytes(), path);
      }),
    containers: {
      decompressors: nodeDecompressors,
      compressors: nodeCompressors,
      async spool(source) {
        const parts: Uint8Array[] = [];
        for (let at = 0; ; at += parts.at(-1)!.length) {
          const part = new Uint8Array(65_536);
          const got = await source.read(part, at);
          if (got === 0) break;
          parts.push(part.subarray(0, got));
        }
        return memorySource(Buffer.concat(parts), source.label);
      },
      beside: (path) => path,
      inUse: async () => undefined,
    },
    openOutput: async (path): Promise<ByteSink> => {
      if (path === '-') {
        const sink = memorySink();
        return { ...sink, commit: async () => void written.set(path, sink.bytes()) };
      }
      const file = new MemoryFile();
      unfinished.set(path, file);
      return { ...file.sink, label: path, staged: path, commit: async () => void written.set(path, file.bytes()) };
    },
    now: options.now ?? (() => 0),
  };
  const code = await run(host);
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), written };
}

/** A file that can be written at any offset, as one on a disk. */
class MemoryFile {
  private content = new Uint8Array(1 << 16);
  private position = 0;
  private length = 0;

  readonly sink: ByteSink = {
    label: 'file',
    write: async (bytes) => {
      this.put(bytes, this.position);
      this.position += bytes.length;
    },
    skip: async (length) => {
      this.position += length;
      this.grow(this.position);
    },
    patch: async (bytes, at) => this.put(bytes, at),
    commit: async () => {},
    abort: async () => {},
  };

  bytes(): Uint8Array {
    return this.content.subarray(0, this.length);
  }

  private put(bytes: Uint8Array, at: number): void {
    this.grow(at + bytes.length);
    this.content.set(bytes, at);
  }

  private grow(length: number): void {
    this.length = Math.max(this.length, length);
    if (length <= this.content.length) return;
    const larger = new Uint8Array(Math.max(length, 2 * this.content.length));
    larger.set(this.content);
    this.content = larger;
  }
}

function fakeInput(path: string, { files = {}, stdin }: FakeHostOptions): ByteSource {
  if (path === '-') {
    if (stdin === undefined)
      throw new MigrationStreamError({
        code: 'io',
        message: 'stdin is a terminal, and a migration stream is not typed',
      });
    return stdin instanceof Uint8Array ? forwardSource(memorySource(stdin, 'stdin')) : stdin;
  }
  const bytes = files[path];
  if (bytes === undefined)
    throw new MigrationStreamError({ code: 'io', message: `cannot open ${path}: no such file or directory` });
  return memorySource(bytes, path);
}

/** As a terminal would show it: the command, what it said, how it ended. */
export function transcript(command: string, { code, stdout, stderr }: Outcome): string {
  const talk = stderr === '' ? '' : `${stdout === '' ? '' : '\n'}${stderr.replace(/^(?=.)/gm, '! ')}`;
  return `$ ${command}\n${stdout}${talk}exit ${code}\n`;
}
