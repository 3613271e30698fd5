// The Host port: everything the command line needs of the machine it runs on, so that tests run it in process with a
// fake one. The real one is host-node.ts.

import type { Compressors } from '../bytes/compressor.js';
import type { Decompressors } from '../bytes/decompressor.js';
import type { ByteSink, ByteSource } from '../bytes/source.js';

export interface Host {
  /** Of the package. */
  readonly version: string;
  /** Without the interpreter and the script. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Where data goes. */
  readonly stdout: Output;
  /** Where talk goes. */
  readonly stderr: Output;
  /** Aborted by SIGINT and SIGTERM; `reason` is the signal's name. */
  readonly signal: AbortSignal;
  /**
   * A path, or `-` for the standard input. Closing is the caller's.
   * @throws MigrationStreamError code `io`
   */
  openInput(path: string): Promise<ByteSource>;
  /** What this machine lends to the readers of containers. */
  readonly containers: ContainerPorts;
  /**
   * A file that appears whole at `commit`, or `-` for the standard output. Refuses what is there unless `force`.
   * `mode`: permission bits of a new file, 0660 by default.
   * @throws MigrationStreamError code `io`
   */
  openOutput(path: string, force: boolean, mode?: number): Promise<ByteSink>;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
}

export interface ContainerPorts {
  readonly decompressors: Decompressors;
  readonly compressors: Compressors;
  /**
   * A copy of `source` in a temporary file of `folder`, mode 0600; closing the copy removes the file and closes
   * `source`.
   */
  spool(source: ByteSource, folder: string): Promise<ByteSource>;
  /** A path for openInput: `path` as a file beside `from` means it. */
  beside(path: string, from: string): string;
  /** Who has the file open for writing; undefined: nobody, as far as can be seen. */
  inUse(path: string): Promise<string | undefined>;
}

export interface Output {
  readonly isTTY: boolean;
  /** Width of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  /** @throws OutputClosed when nobody reads any more */
  write(data: string | Uint8Array): Promise<void>;
}
