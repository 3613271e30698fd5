// Tar archives made by hand: whatever a header can say, with a right checksum.

export interface TarWish {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** How the name and the size stand there. Default `ustar`. */
  readonly form?: 'ustar' | 'gnu' | 'pax';
  /** Type of the member. Default '0', a plain file. */
  readonly type?: string;
  /** What the header says instead of the size. */
  readonly size?: Uint8Array;
}

function header(name: string, type: string, size: Uint8Array, magic: string): Buffer {
  const block = Buffer.alloc(512);
  block.write(name.slice(0, 100), 0, 'latin1');
  block.write('0000644\0', 100);
  block.set(size.subarray(0, 12), 124);
  block.write('        ', 148);
  block.write(type, 156, 'latin1');
  block.write(magic, 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const octal = (size: number): Buffer => Buffer.from(`${size.toString(8).padStart(11, '0')}\0`);
const padded = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

/** "27 path=a/long/name\n": the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function member({ name, bytes, form = 'ustar', type = '0', size = octal(bytes.length) }: TarWish): Buffer {
  const body = padded(bytes);
  if (form === 'gnu') {
    const long = Buffer.from(`${name}\0`);
    const base256 = Buffer.alloc(12);
    base256.writeUInt32BE(bytes.length, 8);
    base256[0] = 0x80;
    const magic = 'ustar  \0';
    return Buffer.concat([
      header('././@LongLink', 'L', octal(long.length), magic),
      padded(long),
      header(name, type, base256, magic),
      body,
    ]);
  }
  const magic = 'ustar\x0000';
  if (form === 'ustar') return Buffer.concat([header(name, type, size, magic), body]);
  const records = Buffer.concat([
    paxRecord('path', name),
    paxRecord('size', String(bytes.length)),
    paxRecord('mtime', '1.5'),
  ]);
  return Buffer.concat([
    header('PaxHeaders/x', 'x', octal(records.length), magic),
    padded(records),
    header('x', type, octal(0), magic),
    body,
  ]);
}

export function makeTar(wishes: readonly TarWish[]): Buffer {
  return Buffer.concat([...wishes.map(member), Buffer.alloc(1024)]);
}
