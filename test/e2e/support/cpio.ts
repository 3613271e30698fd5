// An archive in the "newc" form of cpio, as the Linux kernel unpacks it at boot
// (Documentation/driver-api/early-userspace/ buffer-format.rst): so that an initramfs needs no cpio program. The same
// entries give the same bytes. Imports nothing.

export type CpioEntry =
  | { readonly name: string; readonly kind: 'file'; readonly data: Uint8Array; readonly executable?: boolean }
  | { readonly name: string; readonly kind: 'folder' };

/** File type bits of a mode. */
const FILE = 0o100000;
const FOLDER = 0o040000;

/** Everything is padded to multiples of four, counted from the header. */
function padded(part: Buffer): Buffer {
  return Buffer.concat([part, Buffer.alloc(-part.length & 3)]);
}

function member(name: string, ino: number, mode: number, data: Uint8Array): Buffer[] {
  const nameBytes = Buffer.from(`${name}\0`, 'utf8');
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [ino, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [padded(Buffer.concat([Buffer.from(header, 'latin1'), nameBytes])), padded(Buffer.from(data))];
}

/** Folders must come before what is in them: the kernel makes none by itself. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const members = entries.flatMap((entry, index) => {
    const mode = entry.kind === 'folder' ? FOLDER | 0o755 : FILE | (entry.executable === true ? 0o755 : 0o644);
    return member(entry.name, index + 1, mode, entry.kind === 'file' ? entry.data : new Uint8Array());
  });
  return Buffer.concat([...members, ...member('TRAILER!!!', 0, 0, new Uint8Array())]);
}
