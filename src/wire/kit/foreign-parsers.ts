// Made by `npm run parsers`: the code of binary-parser for every fixed header of a foreign format, so that no code is
// compiled at run time. Each parser needs the whole header, and does not check the length of its input.

/** The fields of a header by name: numbers, BigInts for 64 bits, loans of bytes. */
type ForeignParser = (buffer: Uint8Array) => Readonly<Record<string, unknown>>;

export const parsers = {
  libvirtLittle(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.magic = buffer.subarray(offset, offset + 16);
    offset += 16;
    vars.version = dataView.getUint32(offset, true);
    offset += 4;
    vars.dataLength = dataView.getUint32(offset, true);
    offset += 4;
    vars.wasRunning = dataView.getUint32(offset, true);
    offset += 4;
    vars.format = dataView.getUint32(offset, true);
    offset += 4;
    vars.cookieOffset = dataView.getUint32(offset, true);
    offset += 4;
    vars.unused = buffer.subarray(offset, offset + 56);
    return vars;
  },
  libvirtBig(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.magic = buffer.subarray(offset, offset + 16);
    offset += 16;
    vars.version = dataView.getUint32(offset, false);
    offset += 4;
    vars.dataLength = dataView.getUint32(offset, false);
    offset += 4;
    vars.wasRunning = dataView.getUint32(offset, false);
    offset += 4;
    vars.format = dataView.getUint32(offset, false);
    offset += 4;
    vars.cookieOffset = dataView.getUint32(offset, false);
    offset += 4;
    vars.unused = buffer.subarray(offset, offset + 56);
    return vars;
  },
  qcow2Header(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.magic = dataView.getUint32(offset, false);
    offset += 4;
    vars.version = dataView.getUint32(offset, false);
    offset += 4;
    vars.backingNameAt = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.backingNameSize = dataView.getUint32(offset, false);
    offset += 4;
    vars.clusterBits = dataView.getUint32(offset, false);
    offset += 4;
    vars.diskSize = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.cryptMethod = dataView.getUint32(offset, false);
    offset += 4;
    vars.l1Size = dataView.getUint32(offset, false);
    offset += 4;
    vars.l1At = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.refcountTableAt = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.refcountTableClusters = dataView.getUint32(offset, false);
    offset += 4;
    vars.snapshotCount = dataView.getUint32(offset, false);
    offset += 4;
    vars.snapshotsAt = dataView.getBigUint64(offset, false);
    return vars;
  },
  qcow2Header3(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.incompatible = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.compatible = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.autoclear = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.refcountOrder = dataView.getUint32(offset, false);
    offset += 4;
    vars.headerLength = dataView.getUint32(offset, false);
    return vars;
  },
  qcow2Extension(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.type = dataView.getUint32(offset, false);
    offset += 4;
    vars.length = dataView.getUint32(offset, false);
    return vars;
  },
  qcow2Snapshot(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.l1At = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.l1Size = dataView.getUint32(offset, false);
    offset += 4;
    vars.idSize = dataView.getUint16(offset, false);
    offset += 2;
    vars.nameSize = dataView.getUint16(offset, false);
    offset += 2;
    vars.dateSeconds = dataView.getUint32(offset, false);
    offset += 4;
    vars.dateNanoseconds = dataView.getUint32(offset, false);
    offset += 4;
    vars.vmClock = dataView.getBigUint64(offset, false);
    offset += 8;
    vars.vmStateSize32 = dataView.getUint32(offset, false);
    offset += 4;
    vars.extraSize = dataView.getUint32(offset, false);
    return vars;
  },
  multifdInitial(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.magic = dataView.getUint32(offset, false);
    offset += 4;
    vars.version = dataView.getUint32(offset, false);
    offset += 4;
    vars.uuid = buffer.subarray(offset, offset + 16);
    offset += 16;
    vars.id = dataView.getUint8(offset);
    offset += 1;
    vars.reserved = buffer.subarray(offset, offset + 39);
    return vars;
  },
  elfLittle(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.ident = buffer.subarray(offset, offset + 16);
    offset += 16;
    vars.type = dataView.getUint16(offset, true);
    return vars;
  },
  elfBig(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.ident = buffer.subarray(offset, offset + 16);
    offset += 16;
    vars.type = dataView.getUint16(offset, false);
    return vars;
  },
  limeHeader(buffer: Uint8Array) {
    const dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    let offset = 0;
    const vars: Record<string, unknown> = {};
    vars.magic = buffer.subarray(offset, offset + 4);
    offset += 4;
    vars.version = dataView.getUint32(offset, true);
    return vars;
  },
} satisfies Readonly<Record<string, ForeignParser>>;
