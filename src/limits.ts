// Limits of the readers of streams and containers, by name and with their reasons. A file that exceeds a limit gets
// `limit-exceeded`, never an allocation. A constant that only shortens a report or bounds a cache stands beside its
// code.

/** Counted strings on the wire carry a u8 length (QEMU: qemu_get_counted_string). */
export const MAX_COUNTED_STRING = 255;

/** Size of a read-ahead slab. Four reads of 1 MiB in flight beat `cat`; smaller reads do not (docs/adr/0001). */
export const SLAB_SIZE = 1024 * 1024;

/** Slabs in flight or in use. */
export const SLAB_COUNT = 5;

/** The largest request of a `fill`: a whole look-ahead for the block list, or one record with its body. */
export const MAX_FILL = 512 * 1024;

/** QEMU allocates any length that it reads for the machine name. No real name is much longer than an idstr. */
export const MAX_MACHINE_NAME = 1024;

/** The look-ahead covers the whole configuration section at once; a real section stays below 200 bytes. */
export const MAX_CONFIGURATION = 64 * 1024;

/** A VM with 256 memory devices and 1,000 NICs (one ROM each) has fewer blocks. */
export const MAX_RAM_BLOCKS = 4096;

/**
 * A q35 with every device writes about 250 KB; 255 CPUs and dozens of devices write 2 MB. Parsing holds three copies.
 */
export const MAX_VMDESCRIPTION = 8 * 1024 * 1024;

/**
 * Values in that JSON: 450 for a CPU, 1,500 for a large device. QEMU writes one value in 14 bytes. JSON.parse needs up
 * to 200 bytes for each, so a file that contains only commas would need hundreds of megabytes.
 */
export const MAX_VMDESCRIPTION_VALUES = 170_000;

/**
 * Bytes of a pipe that are held back to find the vmdescription after the device sections. The limit is above every
 * device part except that of vfio. RAM is never held back.
 */
export const MAX_HELD = 16 * 1024 * 1024;

/** The one look at what stands behind the end of a stream, in bytes: a page says whether it is zeros or a stream. */
export const MAX_LOOK = 4096;

/**
 * How far into a file `get` and `inspect --devices` read to prove that the vmdescription at its end belongs to its
 * first stream, in bytes. A longer stream is believed to be the only stream of its file (docs/limitations.md).
 */
export const MAX_PROOF = 512 * 1024 * 1024;

/** QEMU's own JSON never nests deeper than a few dozen levels. */
export const MAX_VMDESCRIPTION_DEPTH = 256;

/** PACKAGED inside PACKAGED does not occur, so deep nesting is refused. */
export const MAX_PACKAGED_DEPTH = 4;

/** Section ids in a stream (START and FULL): every device has one. */
export const MAX_SECTIONS = 1 << 16;

/** A zlib page of COMPRESS_PAGE may exceed the page a little: compressBound (docs/format.md). */
export function maxCompressedPage(pageSize: number): number {
  return pageSize + (pageSize >>> 12) + (pageSize >>> 14) + (pageSize >>> 25) + 13;
}

/** Bitmaps of the pages already sent: 32 MiB tell resent pages from absent pages for 1 TiB of 4 KiB pages. */
export const MAX_PAGE_BITMAP = 32 * 1024 * 1024;

/** Rows of the map in a report; a stream of real devices has some hundred. */
export const MAX_MAP_ROWS = 10_000;

/** Changes that a rewrite lists singly; further changes are only counted. */
export const MAX_DIFFERENCES = 10_000;

/**
 * The table of newest page versions: 8 bytes a page, enough for 96 GiB of 4 KiB pages, and 16 bytes for an XBZRLE
 * delta. What reads memory then stays below 300 MB (docs/containers/mapped-ram.md).
 */
export const MAX_LAST_VERSIONS = 192 * 1024 * 1024;

/** One payload in a decoded document: its hex text is twice as long, and V8 has no string of more than 512 MiB. */
export const MAX_DOCUMENT_PAYLOAD = 64 * 1024 * 1024;

/** A document for encode: it is parsed whole, like every JSON. */
export const MAX_DOCUMENT = 256 * 1024 * 1024;

/** A profile holds a QEMU's save of itself: some hundred KB. */
export const MAX_PROFILE = 64 * 1024 * 1024;

/** Nesting depth of structs in a profile's -dump-vmstate: QEMU's structs stay below ten. */
export const MAX_PROFILE_DEPTH = 32;

/** Device payloads kept for decoding, in bytes for the whole stream: vfio alone can write gigabytes. */
export const MAX_DEVICE_BYTES = 64 * 1024 * 1024;

/**
 * Rows that show one device: the largest device of a q35 has 12,000, and a payload of bytes only could have millions.
 */
export const MAX_FIELD_ROWS = 300_000;

/**
 * Length of a field path. QEMU's longest path stays below 150 characters; a hostile path repeats in every row below it.
 */
export const MAX_FIELD_PATH = 1024;

/** Runs of storage keys in s390-skeys: each of QEMU's runs has 131,072 keys, for 512 MiB of memory. */
export const MAX_STORAGE_KEY_CHUNKS = 65_536;

/** Bytes of a virtio device's configuration space; the longest known space has 136. */
export const MAX_VIRTIO_CONFIG = 4096;

/** ARG_MAX on Linux: a quarter of the default 8 MiB stack, in bytes. */
export const MAX_COMMAND_LINE = 2 * 1024 * 1024;

/**
 * Depth of containers. A gzip of a libvirt image of a zstd stream has depth three; QEMU and libvirt write no endless
 * nesting.
 */
export const MAX_CONTAINER_DEPTH = 8;

/**
 * Decompressed bytes: this number is free; above it the output must stay below MAX_EXPANSION bytes for each compressed
 * byte. zstd packs the records of 1 TiB of zero pages about 5,000 to 1.
 */
export const FREE_EXPANSION = 4 * 1024 * 1024 * 1024;
export const MAX_EXPANSION = 20_000;

/** Members of a tar archive that are looked through, and one header of theirs: tar itself writes names of 4 KiB. */
export const MAX_TAR_MEMBERS = 100_000;
export const MAX_TAR_HEADER = 64 * 1024;

/** XML and cookie of a libvirt save image: libvirt itself writes below 200 KiB, 64 KiB of them padding. */
export const MAX_DOMAIN_XML = 16 * 1024 * 1024;

/** Pages and holes that a search of a guest-virtual address space visits: 64 GiB in pages of 4 KiB. Tables may loop. */
export const MAX_FIND_STEPS = 16 * 1024 * 1024;

/** Bytes that one `mem read` shows or writes as JSON; `--raw` has no limit. */
export const MAX_MEMORY_SHOWN = 16 * 1024 * 1024;

/**
 * Page frames of a kdump file: what the 32-bit field of its header counts, 16 TiB of 4 KiB pages. Each frame takes 24
 * bytes of the file, whether its page came or not.
 */
export const MAX_KDUMP_FRAMES = 2 ** 32 - 1;
