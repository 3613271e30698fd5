// The first packet of every multifd channel: the UUID of the VM, and the number of the channel. QEMU: MultiFDInit_t,
// multifd_send_initial_packet() and multifd_recv_initial_packet(), migration/multifd.c (since 4.0; in ram.c at first).

import { Parser } from 'binary-parser/dist/binary_parser.js';
import { bytesOf, be32, u8, type Codec } from './kit/codec.js';

export const MULTIFD_MAGIC = 0x1122_3344;
export const MULTIFD_VERSION = 1;
const SIZE = 64;
const UUID_SIZE = 16;
const RESERVED_SIZE = 39;

export interface MultifdInitial {
  readonly magic: number;
  readonly version: number;
  /** 16 bytes; zeros where the VM has no -uuid. */
  readonly uuid: Uint8Array;
  readonly id: number;
  /** 39 bytes. QEMU 4.0 and 4.1 leave uninitialised bytes in them. */
  readonly reserved: Uint8Array;
}

const parser = new Parser()
  .endianness('big')
  .uint32('magic')
  .uint32('version')
  .buffer('uuid', { length: UUID_SIZE, clone: true })
  .uint8('id')
  .buffer('reserved', { length: RESERVED_SIZE, clone: true });

const uuid = bytesOf(UUID_SIZE);
const reserved = bytesOf(RESERVED_SIZE);

/** 64 bytes. Magic and version are the raw values: the caller compares them. */
export const multifdInitial: Codec<MultifdInitial> = {
  decode(window) {
    // The slice must be exact: binary-parser does not check the length of its input.
    const fields = parser.parse(window.take(SIZE)) as MultifdInitial;
    return { ...fields, uuid: Uint8Array.from(fields.uuid), reserved: Uint8Array.from(fields.reserved) };
  },
  encode(emitter, packet) {
    be32.encode(emitter, packet.magic);
    be32.encode(emitter, packet.version);
    uuid.encode(emitter, packet.uuid);
    u8.encode(emitter, packet.id);
    reserved.encode(emitter, packet.reserved);
  },
  size: () => SIZE,
  maxSize: SIZE,
  describe: () => 'magic: be32, version: be32, uuid: 16 bytes, id: u8, reserved: 39 bytes',
};
