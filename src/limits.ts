// Every limit of the reader, named, each with its reason. A file that goes past one gets `limit-exceeded`, never an
// allocation. Imports nothing.

/** Counted strings on the wire carry a u8 length (QEMU: qemu_get_counted_string). */
export const MAX_COUNTED_STRING = 255;

/** A slab of read-ahead. Four in flight of 1 MiB each beat `cat`; smaller ones do not (docs/adr/0001). */
export const SLAB_SIZE = 1024 * 1024;

/** Slabs in flight or in hand. */
export const SLAB_COUNT = 5;

/** The most that one `fill` may ask for: a whole lookahead for the block list, or one record with its body. */
export const MAX_FILL = 512 * 1024;

/** QEMU allocates whatever length it reads for the machine name; no real name is longer than an idstr by much. */
export const MAX_MACHINE_NAME = 1024;

/** The whole configuration section is looked ahead at once; a real one stays below 200 bytes. */
export const MAX_CONFIGURATION = 64 * 1024;

/** A VM with 256 memory devices and 1,000 NICs (one ROM each) stays below this. */
export const MAX_RAM_BLOCKS = 4096;

/** A q35 with everything writes about 250 KB, 255 CPUs and dozens of devices 2 MB. Parsing holds it thrice. */
export const MAX_VMDESCRIPTION = 8 * 1024 * 1024;

/**
 * Values in that JSON: 450 for a CPU, 1,500 for a large device. QEMU writes one in 14 bytes; JSON.parse makes up to 200
 * bytes of each, so a file of nothing but commas would cost hundreds of megabytes.
 */
export const MAX_VMDESCRIPTION_VALUES = 170_000;

/**
 * What is held back of a pipe to find the vmdescription behind the device sections: more than any device part but that
 * of vfio. RAM is never held.
 */
export const MAX_HELD = 16 * 1024 * 1024;

/** The one look at what stands behind the end of a stream, in bytes: a page says whether it is zeros or a stream. */
export const MAX_LOOK = 4096;

/**
 * How far into a file `get` and `inspect --devices` read to prove that the vmdescription at its end belongs to its first
 * stream, in bytes. A longer stream is believed to be the only stream of its file (docs/limitations.md).
 */
export const MAX_PROOF = 512 * 1024 * 1024;

/** QEMU's own JSON never nests deeper than a few dozen levels. */
export const MAX_VMDESCRIPTION_DEPTH = 256;

/** PACKAGED inside PACKAGED does not occur; refuse to go deep. */
export const MAX_PACKAGED_DEPTH = 4;

/** Section ids seen so far (START and FULL): every device has one. */
export const MAX_SECTIONS = 1 << 16;

/** A zlib page of COMPRESS_PAGE may exceed the page a little: compressBound (docs/format.md). */
export function maxCompressedPage(pageSize: number): number {
  return pageSize + (pageSize >>> 12) + (pageSize >>> 14) + (pageSize >>> 25) + 13;
}

/** Bitmaps that remember which pages were sent: 32 MiB tell resent from absent for 1 TiB of 4 KiB pages. */
export const MAX_PAGE_BITMAP = 32 * 1024 * 1024;

/** Rows of the map that a report keeps; a stream of real devices has some hundred. */
export const MAX_MAP_ROWS = 10_000;

/** Changes that a rewrite lists one by one; more are counted. */
export const MAX_DIFFERENCES = 10_000;

/** The table of newest page versions: 8 bytes a page, so 112 GiB of 4 KiB pages, and 16 bytes an XBZRLE delta. */
export const MAX_LAST_VERSIONS = 224 * 1024 * 1024;

/** One payload in a decoded document: twice as many hex digits, and V8 has no string of more than 512 MiB. */
export const MAX_DOCUMENT_PAYLOAD = 64 * 1024 * 1024;

/** A document that encode reads: parsed whole, like every JSON. */
export const MAX_DOCUMENT = 256 * 1024 * 1024;

/** A profile holds what one QEMU saved of itself: some hundred KB. */
export const MAX_PROFILE = 64 * 1024 * 1024;

/** Structs in structs of a profile's -dump-vmstate: QEMU's own stay below ten. */
export const MAX_PROFILE_DEPTH = 32;

/** Device payloads that are kept to be looked into, all of one stream together: vfio alone can write gigabytes. */
export const MAX_DEVICE_BYTES = 64 * 1024 * 1024;

/** Rows that one device is shown in: a q35's largest has 12,000, and a payload of nothing but bytes could have millions. */
export const MAX_FIELD_ROWS = 300_000;

/** A path of fields; QEMU's longest stay below 150 characters, while a hostile one repeats in every row below it. */
export const MAX_FIELD_PATH = 1024;

/** Runs of storage keys in s390-skeys: QEMU puts 131,072 keys, 512 MiB of memory, into each. */
export const MAX_STORAGE_KEY_CHUNKS = 65_536;

/** Bytes of a virtio device's configuration space; the longest known one has 136. */
export const MAX_VIRTIO_CONFIG = 4096;

/** Of a process, where nobody has raised it: a quarter of its stack, and that is 8 MiB. Bytes. */
export const MAX_COMMAND_LINE = 2 * 1024 * 1024;

/** A gzip of a libvirt image of a zstd stream is three; a file that goes on for ever is none of QEMU's. */
export const MAX_CONTAINER_DEPTH = 8;

/**
 * Decompressed bytes: this many are free, more must stay below MAX_EXPANSION bytes for each compressed one. zstd packs the
 * records of 1 TiB of zero pages about 5,000 to 1.
 */
export const FREE_EXPANSION = 4 * 1024 * 1024 * 1024;
export const MAX_EXPANSION = 20_000;

/** Members of a tar archive that are looked through, and one header of theirs: tar itself writes names of 4 KiB. */
export const MAX_TAR_MEMBERS = 100_000;
export const MAX_TAR_HEADER = 64 * 1024;

/** XML and cookie of a libvirt save image: libvirt itself writes below 200 KiB, 64 KiB of them padding. */
export const MAX_DOMAIN_XML = 16 * 1024 * 1024;
