// Where the pieces of a kdump file go, each with its offset: to their places in a file, or into a pipe in
// makedumpfile's flattened form, where a record with offset and size stands in front of each piece. QEMU:
// write_start_flat_header(), write_buffer(), write_end_flat_header(), dump/dump.c.

import { latin1Bytes } from '../../../base/bytes.js';
import type { ByteSink } from '../../../bytes/source.js';
import { Struct } from '../struct.js';

const FLAT_HEADER = 4096;
const FLAT_TYPE = 1;
const FLAT_VERSION = 1;
const ALL_ONES = 2n ** 64n - 1n;

export class KdumpOutput {
  /** Size of the output in bytes. */
  size = 0;
  /** Is the flattened form written? */
  readonly flat: boolean;
  private readonly sink: ByteSink;

  /** A sink that takes bytes at any offset gets the regular form. */
  constructor(sink: ByteSink) {
    this.sink = sink;
    this.flat = sink.patch === undefined;
  }

  async begin(): Promise<void> {
    if (!this.flat) return;
    const head = new Struct(FLAT_HEADER, false).raw(latin1Bytes('makedumpfile')).seek(16);
    await this.append(head.u64(FLAT_TYPE, FLAT_VERSION).bytes);
  }

  /** `bytes` at the offset `at` of the regular form. */
  async put(bytes: Uint8Array, at: number): Promise<void> {
    if (this.sink.patch === undefined) {
      await this.append(new Struct(16, false).u64(at, bytes.length).bytes);
      await this.append(bytes);
      return;
    }
    await this.sink.patch(bytes, at);
    this.size = Math.max(this.size, at + bytes.length);
  }

  async end(): Promise<void> {
    if (this.flat) await this.append(new Struct(16, false).u64(ALL_ONES, ALL_ONES).bytes);
  }

  private async append(bytes: Uint8Array): Promise<void> {
    await this.sink.write(bytes);
    this.size += bytes.length;
  }
}
