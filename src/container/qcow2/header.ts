// Reads and checks the header of a qcow2 image and its extensions. QEMU: qcow2_do_open(), qcow2_read_extensions(),
// block/qcow2.c.

import { escapeText, quote } from '../../base/quote.js';
import { readSource, type ByteSource } from '../../bytes/source.js';
import { latin1, Window } from '../../bytes/window.js';
import { cutImage, damagedImage, imageError, unsupportedImage } from './error.js';
import { readExtensions, type Extensions } from './extensions.js';
import {
  COMPRESSION_TYPE_AT,
  compressionTypes,
  cryptMethods,
  HEADER_V2_SIZE,
  HEADER_V3_SIZE,
  headerFields,
  headerFields3,
  incompatible,
  QCOW_MAGIC,
} from './layout.js';
import {
  MAX_BACKING_NAME,
  MAX_CLUSTER_BITS,
  MAX_L1_BYTES,
  MAX_REFCOUNT_ORDER,
  MAX_REFCOUNT_TABLE_BYTES,
  MIN_CLUSTER_BITS,
  MIN_CLUSTER_BITS_EXTENDED,
} from './limits.js';

export interface Qcow2Header extends Omit<ReturnType<typeof headerFields.decode>, 'magic'> {
  readonly incompatible: bigint;
  readonly compatible: bigint;
  readonly autoclear: bigint;
  readonly refcountOrder: number;
  readonly headerLength: number;
  readonly compression: (typeof compressionTypes)[number];
  readonly extendedL2: boolean;
  /** Name of the backing file as it stands in the image, one character for each byte. */
  readonly backingName: string | undefined;
  /** Format of the backing file ("qcow2", "raw"), where the image says it. */
  readonly backingFormat: string | undefined;
}

const PATH = ['header'];

/**
 * Reads the header of the image, which `source` holds from its start.
 * @throws MigrationStreamError `bad-container`, `truncated`, `unsupported`, `address-too-large`, `io`
 */
export async function readHeader(source: ByteSource): Promise<Qcow2Header> {
  const head = await readUpTo(source, 0, HEADER_V3_SIZE + 8);
  if (head.length < HEADER_V2_SIZE) throw cutImage('the header', 0, head.length, PATH);
  const window = Window.over(head, 0, ['qcow2 image']);
  const fields = headerFields.decode(window);
  if (fields.magic !== QCOW_MAGIC) throw damagedImage('the magic is not that of qcow2', { offset: 0, path: PATH });
  if (fields.version !== 2 && fields.version !== 3)
    throw unsupportedImage(`version ${fields.version} of the format`, { offset: 4, path: PATH });
  if (fields.version === 3 && head.length < HEADER_V3_SIZE) throw cutImage('the header', 0, head.length, PATH);
  const more =
    fields.version === 3
      ? headerFields3.decode(window)
      : { incompatible: 0n, compatible: 0n, autoclear: 0n, refcountOrder: 4, headerLength: HEADER_V2_SIZE };
  checkNumbers({ ...fields, ...more });
  const cluster = await readUpTo(source, 0, 2 ** fields.clusterBits);
  const nameEnd = fields.backingNameAt + fields.backingNameSize;
  const extensions = readExtensions(cluster, more.headerLength, fields.backingNameAt || cluster.length);
  checkFeatures(fields, more, extensions);
  const type = more.headerLength > COMPRESSION_TYPE_AT ? (cluster[COMPRESSION_TYPE_AT] ?? 0) : 0;
  const compression = compressionTypes[type];
  if (compression === undefined)
    throw unsupportedImage(`compression type ${type}`, { offset: COMPRESSION_TYPE_AT, path: PATH });
  return {
    ...fields,
    ...more,
    compression,
    extendedL2: has(more.incompatible, incompatible.extendedL2),
    backingName: fields.backingNameAt === 0 ? undefined : latin1(cluster, fields.backingNameAt, nameEnd),
    backingFormat: extensions.backingFormat,
  };
}

type Numbers = Omit<Qcow2Header, 'compression' | 'extendedL2' | 'backingName' | 'backingFormat'>;

function checkNumbers(header: Numbers): void {
  const bad = (message: string, offset: number): never => {
    throw damagedImage(message, { offset, path: PATH });
  };
  const tooMany = (message: string, offset: number): never => {
    throw imageError('limit-exceeded', message, { offset, path: PATH });
  };
  const { clusterBits } = header;
  const extended = has(header.incompatible, incompatible.extendedL2);
  const least = extended ? MIN_CLUSTER_BITS_EXTENDED : MIN_CLUSTER_BITS;
  if (clusterBits < least || clusterBits > MAX_CLUSTER_BITS)
    bad(`clusters of 2^${clusterBits} bytes, where 2^${least} to 2^${MAX_CLUSTER_BITS} are possible`, 20);
  const clusterSize = 2 ** clusterBits;
  if (header.version === 3) {
    if (header.refcountOrder > MAX_REFCOUNT_ORDER) bad(`refcounts of 2^${header.refcountOrder} bits`, 96);
    if (header.headerLength < HEADER_V3_SIZE || header.headerLength > clusterSize)
      bad(`a header of ${header.headerLength} bytes`, 100);
  }
  if (header.l1Size * 8 > MAX_L1_BYTES) tooMany(`an L1 table of ${header.l1Size} entries`, 36);
  if (header.refcountTableClusters * clusterSize > MAX_REFCOUNT_TABLE_BYTES)
    tooMany(`a refcount table of ${header.refcountTableClusters} clusters`, 56);
  for (const [name, offset, at] of [
    ['the active L1 table', header.l1At, 40],
    ['the refcount table', header.refcountTableAt, 48],
    ['the snapshot table', header.snapshotsAt, 64],
  ] as const) {
    if (offset % clusterSize !== 0) bad(`${name} does not begin at a cluster`, at);
  }
  if (header.backingNameAt !== 0) {
    if (header.backingNameSize > MAX_BACKING_NAME) bad(`a backing file’s name of ${header.backingNameSize} bytes`, 16);
    if (header.backingNameAt + header.backingNameSize > clusterSize)
      bad('the name of the backing file reaches beyond the first cluster', 8);
  }
}

/** Refuses by name what cannot be read here. */
function checkFeatures(
  { cryptMethod }: Pick<Qcow2Header, 'cryptMethod'>,
  { incompatible: bits }: Pick<Qcow2Header, 'incompatible'>,
  { featureNames, dataFile }: Extensions,
): void {
  const known = Object.values(incompatible).reduce((all, bit) => all | bit, 0n);
  const unknown = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ((bits & ~known) >> BigInt(bit)) & 1n);
  if (unknown.length > 0) {
    const names = unknown.map((bit) => {
      const name = featureNames.get(bit);
      return name === undefined ? `bit ${bit}` : `bit ${bit} (${quote(name)})`;
    });
    throw unsupportedImage(`incompatible features that nobody here knows: ${names.join(', ')}`, {
      offset: 72,
      path: PATH,
      hint: { code: 'newer-qcow2' },
    });
  }
  if (has(bits, incompatible.dataFile)) {
    const named = dataFile === undefined ? '' : ` (${quote(dataFile)})`;
    throw unsupportedImage(
      `the image keeps its data in an external data file${named}, where no internal snapshot can be`,
      {
        offset: 72,
        path: PATH,
      },
    );
  }
  if (cryptMethod !== 0) {
    throw unsupportedImage(
      `the image is encrypted (${cryptMethods[cryptMethod] ?? `method ${cryptMethod}`}), its saved states too`,
      {
        offset: 32,
        path: PATH,
        hint: { code: 'encrypted-qcow2' },
      },
    );
  }
}

export function has(bits: bigint, bit: bigint): boolean {
  return (bits & bit) !== 0n;
}

/** What the image says of itself, for one line. */
export function headerDetails(header: Qcow2Header): string[] {
  const size = 2 ** header.clusterBits;
  const details = [`version ${header.version}`, `clusters of ${size < 1024 ? `${size} bytes` : `${size / 1024} KiB`}`];
  if (header.extendedL2) details.push('extended L2 entries');
  if (header.compression !== 'deflate') details.push(`${header.compression} for compressed clusters`);
  if (header.backingName !== undefined) details.push(`backing file ${quote(escapeText(header.backingName))}`);
  return details;
}

async function readUpTo(source: ByteSource, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min(length, Math.max(0, (source.size ?? at + length) - at)));
  return bytes.subarray(0, await readSource(source, bytes, at));
}
