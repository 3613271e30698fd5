// The packets of a multifd channel behind its initial packet: pages of RAM, and (10.0) device state. QEMU:
// MultiFDPacket_t, MultiFDPacketDeviceState_t, multifd_send_fill_packet() and multifd_recv_unfill_packet(),
// migration/multifd.c.

import { latin1 } from '../bytes/window.js';
import { be32, be64big, bytesOf, type Codec } from './kit/codec.js';

/** Bits of `flags`. */
export const multifdFlag = { sync: 0x01, deviceState: 0x40 } as const;

/** The compression bits of `flags`, which only packets with pages have. MULTIFD_FLAG_NOCOMP … MULTIFD_FLAG_QATZIP */
export const multifdMethods = { none: 0, zlib: 0x02, zstd: 0x04, qpl: 0x08, uadk: 0x10, qatzip: 0x20 } as const;
export type MultifdMethod = keyof typeof multifdMethods;
const METHOD_MASK = 0x3e;

/** MULTIFD_PACKET_SIZE: bytes of pages in one packet. */
export const MULTIFD_PACKET_BYTES = 512 * 1024;
/** Bytes of compressed pages that QEMU's receiver has room for. */
export const MAX_MULTIFD_PAYLOAD = 1024 * 1024;
/** Bytes of magic, version and flags, which all packets begin with. */
export const MULTIFD_COMMON_SIZE = 12;

const NAME_SIZE = 256;

/** Undefined: bits that no method has. */
export function methodOf(flags: number): MultifdMethod | undefined {
  const bits = flags & METHOD_MASK;
  return (Object.keys(multifdMethods) as MultifdMethod[]).find((name) => multifdMethods[name] === bits);
}

/** The header of a packet of pages; its payload follows only where `normalPages` is not 0. */
export interface MultifdPagesHeader {
  readonly magic: number;
  readonly version: number;
  readonly flags: number;
  readonly pagesAlloc: number;
  readonly normalPages: number;
  /** Bytes of payload; stale in packets without pages up to 8.2. */
  readonly nextPacketSize: number;
  readonly packetNum: bigint;
  /** Since 9.0. */
  readonly zeroPages: number;
  /** 28 bytes. */
  readonly reserved: Uint8Array;
  /** 256 bytes, NUL-padded. */
  readonly ramblock: Uint8Array;
  /** be64 each, room for a whole packet: normal pages, then zero pages, then rubbish. */
  readonly offsets: Uint8Array;
}

const reserved = bytesOf(28);
const name = bytesOf(NAME_SIZE);

/** The codec for one target page size (bytes). */
export function multifdPagesHeader(pageSize: number): Codec<MultifdPagesHeader> {
  const offsets = bytesOf((MULTIFD_PACKET_BYTES / pageSize) * 8);
  const size = 36 + 28 + NAME_SIZE + offsets.maxSize;
  return {
    decode: (window) => ({
      magic: be32.decode(window),
      version: be32.decode(window),
      flags: be32.decode(window),
      pagesAlloc: be32.decode(window),
      normalPages: be32.decode(window),
      nextPacketSize: be32.decode(window),
      packetNum: be64big.decode(window),
      zeroPages: be32.decode(window),
      reserved: reserved.decode(window),
      ramblock: name.decode(window),
      offsets: offsets.decode(window),
    }),
    encode(emitter, packet) {
      for (const key of ['magic', 'version', 'flags', 'pagesAlloc', 'normalPages', 'nextPacketSize'] as const)
        be32.encode(emitter, packet[key]);
      be64big.encode(emitter, packet.packetNum);
      be32.encode(emitter, packet.zeroPages);
      reserved.encode(emitter, packet.reserved);
      name.encode(emitter, packet.ramblock);
      offsets.encode(emitter, packet.offsets);
    },
    size: () => size,
    maxSize: size,
    describe: () =>
      'magic: be32, version: be32, flags: be32, pages_alloc: be32, normal_pages: be32, next_packet_size: be32, packet_num: be64, zero_pages: be32, reserved: 28 bytes, ramblock: 256 bytes, offsets: be64 each',
  };
}

/** The header of a packet of device state; `nextPacketSize` bytes follow. */
export interface MultifdDeviceHeader {
  readonly magic: number;
  readonly version: number;
  readonly flags: number;
  /** 256 bytes, NUL-terminated. */
  readonly idstr: Uint8Array;
  readonly instanceId: number;
  readonly nextPacketSize: number;
}

export const multifdDeviceHeader: Codec<MultifdDeviceHeader> = {
  decode: (window) => ({
    magic: be32.decode(window),
    version: be32.decode(window),
    flags: be32.decode(window),
    idstr: name.decode(window),
    instanceId: be32.decode(window),
    nextPacketSize: be32.decode(window),
  }),
  encode(emitter, packet) {
    for (const key of ['magic', 'version', 'flags'] as const) be32.encode(emitter, packet[key]);
    name.encode(emitter, packet.idstr);
    be32.encode(emitter, packet.instanceId);
    be32.encode(emitter, packet.nextPacketSize);
  },
  size: () => 20 + NAME_SIZE,
  maxSize: 20 + NAME_SIZE,
  describe: () =>
    'magic: be32, version: be32, flags: be32, idstr: 256 bytes, instance_id: be32, next_packet_size: be32',
};

/** The text of a NUL-padded name; undefined where no NUL ends it. */
export function paddedName(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0);
  return end < 0 ? undefined : latin1(bytes, 0, end);
}
