// What a container is: a file format that holds a migration stream, or another container. Each container is one folder
// beside this file and one row of table.ts.

import type { Decompressors } from '../bytes/decompressor.js';
import type { ByteSink, ByteSource } from '../bytes/source.js';
import type { Compressors } from '../bytes/compressor.js';
import type { Head } from './recognise/result.js';

/** Something about a container that a reader of the report should know: damage, doubt, a choice that was made. */
export interface ContainerNote {
  readonly code: string;
  readonly message: string;
}

/** What every container says of itself. Each container adds its own fields; all of them are plain JSON values. */
export interface ContainerFacts {
  /** Name of the container: its folder. */
  readonly container: string;
  /** With its article: "a libvirt save image". */
  readonly title: string;
  /** What else the header says, for one line: "version 2", "gzip". */
  readonly details: readonly string[];
  readonly notes: readonly ContainerNote[];
}

/** One opened container. */
export interface Layer<F extends ContainerFacts = ContainerFacts> {
  readonly facts: F;
  /** What lies inside: a stream or the next container. Closing it closes the outer source. */
  readonly inner: ByteSource;
  /** Where `inner` begins in the outer source, bytes; undefined where its bytes are not contiguous there. */
  readonly streamAt: number | undefined;
  /** Byte `at` of `inner` as an offset in the outer source; undefined where that is not known. */
  locate(at: number): number | undefined;
  /** `locate` says how much of the outer source was read so far: what was read last lies before that. */
  readonly bounds?: boolean;
  /** Texts that stand beside the stream, whole and with their secrets: a domain's XML. */
  readonly documents?: readonly ContainerDocument[];
  /**
   * Writes the same container at `sink` again, around a stream to come; undefined where that cannot be done. Needs the
   * source of the layer to be open.
   * @throws MigrationStreamError `cannot-encode`, `unsupported`, `io`
   */
  readonly keep?: ((sink: ByteSink, context: KeepContext) => Promise<Kept>) | undefined;
}

export interface ContainerDocument {
  readonly name: string;
  readonly text: string;
}

/** What the caller lends to the writers of containers, and what the user chose. */
export interface KeepContext {
  readonly compressors?: Compressors | undefined;
  /** Machine type of the new stream, where it has another one now: a domain XML must name the same. */
  readonly machine?: string | undefined;
  /** libvirt: the domain XML that stands instead of the old one. */
  readonly xml?: Uint8Array | undefined;
}

/** A container that waits for its stream. */
export interface Kept {
  /** Takes the stream, and what is around it; `commit` and `abort` are passed on to the outer sink. */
  readonly sink: ByteSink;
  /** How much further in than before the stream begins, bytes. mapped-ram offsets count from the start of the file. */
  readonly shift: number;
}

/** What the caller lends to the readers of containers, and what the user chose. */
export interface OpenContext {
  readonly decompressors?: Decompressors | undefined;
  /** Ends the opening, not the reading of what was opened. */
  readonly signal?: AbortSignal | undefined;
  /** Copies a source that can only be read forward to a place where it can be sought. Closing the copy removes it. */
  readonly spool?: ((source: ByteSource) => Promise<ByteSource>) | undefined;
  /** qcow2: tag or id of the snapshot. */
  readonly snapshot?: string | undefined;
  /** Archives: name of the member. */
  readonly member?: string | undefined;
  /** Where the stream begins in the outermost source, bytes. */
  readonly offset?: number | undefined;
  /** qcow2: opens a backing file that an image at `from` (its label) names. */
  readonly openBacking?: ((path: string, from: string) => Promise<ByteSource>) | undefined;
  /** Who has this file open for writing, for a warning: "a QEMU (process 4711)"; undefined: nobody. */
  readonly inUse?: ((label: string) => Promise<string | undefined>) | undefined;
}

/** A row of the table of containers. */
export interface Container<F extends ContainerFacts = ContainerFacts> {
  readonly name: F['container'];
  /** Bytes of `head` that `stands` needs; default 4096. */
  readonly look?: number;
  /** Does the source begin like this container? Never throws. */
  stands(head: Head): boolean;
  /**
   * Opens the container. `outer` is not closed when this throws.
   * @throws MigrationStreamError `bad-container`, `truncated`, `unsupported`, `not-seekable`, `not-a-stream` (there is
   * no stream inside), `limit-exceeded`, `io`
   */
  open(outer: ByteSource, head: Head, context: OpenContext): Promise<Layer<F>>;
}
