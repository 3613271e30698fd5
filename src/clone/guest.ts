// The guest that clone-test runs: a 64 KiB firmware made for this package, so the test needs no foreign image. The
// firmware fills 64 KiB of memory with a pattern, writes "R" to port 0xe9, and then increments a counter at 0x7000 for
// ever. The counter proves from outside that the guest runs.

/** Address of the counter: a little-endian u32 in guest-physical memory. */
export const COUNTER = 0x7000;
/** The text on the debug console when the pattern is complete. */
export const READY_TEXT = 'R';

/** 16-bit code at 0xf0000, hand-assembled; the same as fixtures/guest.S. */
const CODE: readonly (readonly [bytes: string, meaning: string])[] = [
  ['fa', 'cli'],
  ['31c0 8ed8 8ed0', 'ds = ss = 0'],
  ['bc0060', 'sp = 0x6000'],
  ['b80010 8ec0', 'es = 0x1000: the pattern stands at 0x10000'],
  ['31ff', 'di = 0'],
  ['6631c0 66b85254534d', 'eax = "RTSM"'],
  ['26668905', 'fill: es:[di] = eax'],
  ['6669c00d661900 66055ff36e3c', 'eax = eax * 1664525 + 1013904223'],
  ['83c704 75ea', 'di += 4, until it wraps: fill'],
  ['b052 e6e9', 'out 0xe9, "R"'],
  ['66ff060070', 'loop: [0x7000] += 1'],
  ['f390 ebf7', 'pause, loop'],
];
/** At 0xffff0, where an x86 starts: jump to 0xf000:0x0000. */
const RESET_VECTOR = 'ea000000f0';
const SIZE = 64 * 1024;

/** The image for `-bios`. */
export function guestFirmware(): Uint8Array {
  const image = Buffer.alloc(SIZE);
  image.write(CODE.map(([bytes]) => bytes.replaceAll(' ', '')).join(''), 0, 'hex');
  image.write(RESET_VECTOR, SIZE - 16, 'hex');
  return image;
}
