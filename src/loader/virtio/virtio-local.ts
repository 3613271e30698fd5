// What the destination's own save says of one of its virtio devices over PCI: what its state looks like here. QEMU: virtio_save(),
// hw/virtio/virtio.c. Imports nothing.

export interface LocalVirtio {
  /** Of PCI configuration space: 256, or 4096 with PCI Express; 0: not over PCI but MMIO. */
  readonly configSize: number;
  /** MSI-X vectors; 0: none. */
  readonly vectors: number;
  readonly queueSizes: readonly number[];
  /** What stands between the queues and the subsections: the device's own part. */
  readonly part: Uint8Array;
}

const EXPRESS = 0x10;
const MSIX = 0x11;

/** Undefined when it is no virtio device over PCI or MMIO, or its state is cut. */
export function localVirtio(bytes: Uint8Array, mmio: boolean): LocalVirtio | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (mmio) return common(bytes, view, 12, 0, 0);
    if (view.getUint32(0) !== 2) return undefined;
    const configSize = capability(view, EXPRESS) === undefined ? 0x100 : 0x1000;
    const msix = capability(view, MSIX);
    const vectors = msix === undefined ? 0 : (view.getUint16(4 + msix + 2, true) & 0x7ff) + 1;
    return common(
      bytes,
      view,
      4 + configSize + 16 + (vectors === 0 ? 0 : vectors * 16 + Math.ceil(vectors / 8) + 2),
      configSize,
      vectors,
    );
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What follows the transport's part, which ends at `at`. Only MMIO writes the alignment of each ring. */
function common(bytes: Uint8Array, view: DataView, at: number, configSize: number, vectors: number): LocalVirtio {
  const stride = 4 + (configSize === 0 ? 4 : 0) + 8 + 2 + (vectors === 0 ? 0 : 2);
  at += 12 + view.getUint32(at + 8);
  const count = view.getUint32(at);
  at += 4;
  const queueSizes: number[] = [];
  for (let i = 0; i < count; i += 1) {
    queueSizes.push(view.getUint32(at));
    at += stride;
  }
  return { configSize, vectors, queueSizes, part: bytes.subarray(at, subsectionsFrom(bytes, at)) };
}

/** In the configuration space behind the be32 version. */
function capability(view: DataView, id: number): number | undefined {
  if ((view.getUint8(4 + 0x06) & 0x10) === 0) return undefined;
  let at = view.getUint8(4 + 0x34) & 0xfc;
  for (let steps = 0; at >= 0x40 && steps < 48; steps += 1) {
    if (view.getUint8(4 + at) === id) return at;
    at = view.getUint8(4 + at + 1) & 0xfc;
  }
  return undefined;
}

const HEADER = [...'virtio/'].map((char) => char.charCodeAt(0));

function subsectionsFrom(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 2 + HEADER.length < bytes.length; at += 1) {
    if (bytes[at] === 5 && HEADER.every((byte, i) => bytes[at + 2 + i] === byte)) return at;
  }
  return bytes.length;
}
