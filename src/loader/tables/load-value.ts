// One value by its type: what is read, and what a type refuses. QEMU: the get functions of migration/vmstate-types.c.

import { NULL_MARK, PRESENT_MARK } from '../../vmstate/index.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import type { ValueToLoad } from './value-to-load.js';

/** Bytes that rules may look at are kept up to here. */
const MAX_KEPT = 4096;

export async function loadValue(incoming: Incoming, file: QemuFile, value: ValueToLoad): Promise<void> {
  const { field, localBytes, context, name } = value;
  const size = field.size!;
  switch (field.type) {
    case 'uint8 equal':
    case 'uint16 equal':
    case 'uint32 equal':
    case 'int32 equal':
    case 'int64 equal':
      await loadEqual(incoming, file, value);
      return;
    case 'int32 le': {
      await file.want(4);
      const sent = file.u32() | 0;
      const ours = localBytes?.length === 4 ? view(localBytes).getInt32(0) : undefined;
      if (sent < 0 || (ours !== undefined && sent > ours))
        throw incoming.refuse(file, 'value-too-large', { received: sent, local: ours ?? 0 });
      context.values.set(name, sent);
      return;
    }
    case 'nullptr':
    case 'ptr-marker': {
      await file.want(1);
      const mark = file.u8();
      if (mark === NULL_MARK || (field.type === 'ptr-marker' && mark === PRESENT_MARK)) return;
      throw incoming.refuse(file, 'no-null-marker', { mark });
    }
    case 'struct':
      // Up to 9.2 a null pointer keeps its type, with an empty struct.
      if (size === 1) await nullMark(incoming, file);
      return;
    default:
      await (incoming.types.get(field.type)?.(incoming, file, value) ?? plain(file, value));
  }
}

async function nullMark(incoming: Incoming, file: QemuFile): Promise<void> {
  await file.want(1);
  const mark = file.u8();
  if (mark !== NULL_MARK) throw incoming.refuse(file, 'no-null-marker', { mark });
}

async function plain(file: QemuFile, { field, context, name, localBytes }: ValueToLoad): Promise<void> {
  const size = field.size!;
  if (size > MAX_KEPT) {
    await file.pass(size);
    return;
  }
  await file.want(size);
  const bytes = file.take(size);
  if (size === 1 || size === 2 || size === 4 || size === 8) {
    context.values.set(name, number(bytes));
    if (localBytes?.length === size) context.localValues.set(name, number(localBytes));
  }
  if (field.type === 'buffer') context.bytes.set(name, bytes.slice());
}

/** Different from the local value: "local != received". */
async function loadEqual(
  incoming: Incoming,
  file: QemuFile,
  { field, localBytes, context, name }: ValueToLoad,
): Promise<void> {
  await file.want(8);
  const size = field.size!;
  const sent = size === 1 ? file.u8() : size === 2 ? file.u16() : size === 4 ? file.u32() : file.u64();
  context.values.set(name, sent);
  if (localBytes?.length !== size) {
    incoming.unknowns.add(`the destination's ${context.table.schema.name}.${name}, which the stream's must equal`);
    return;
  }
  const ours = number(localBytes);
  if (sent !== ours) throw incoming.refuse(file, 'values-differ', { local: ours, received: sent });
}

/** The numbers of an array whose elements have `size` bytes. */
export function numbersOf(bytes: Uint8Array | undefined, size: number): bigint[] {
  const count = bytes === undefined ? 0 : Math.floor(bytes.length / size);
  return Array.from({ length: count }, (_, i) => BigInt(number(bytes!.subarray(i * size, (i + 1) * size))));
}

/** Big-endian, of 1, 2, 4 or 8 bytes. */
function number(bytes: Uint8Array): number | bigint {
  const data = view(bytes);
  switch (bytes.length) {
    case 1:
      return data.getUint8(0);
    case 2:
      return data.getUint16(0);
    case 4:
      return data.getUint32(0);
    default:
      return data.getBigUint64(0);
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
