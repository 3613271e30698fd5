// Sizes as on QEMU's command line. QEMU: parse_size(), util/cutils.c; -m, system/vl.c.

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/**
 * Bytes of `2G`, `512`, `0.5G`. A bare number counts `unit` (QEMU's -m: MiB, a backend's size: bytes). Undefined when
 * the text is not a size.
 */
export function parseSize(text: string, unit: 'b' | 'm'): number | undefined {
  const said = /^(\d+(?:\.\d+)?)([bkmgt]?)b?$/i.exec(text.trim());
  if (said === null) return undefined;
  const bytes = Number(said[1]) * UNITS[(said[2] || unit).toLowerCase()]!;
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** The size in the largest unit that divides it. */
export function formatSize(bytes: number): string {
  for (const unit of ['G', 'M', 'K']) {
    const size = UNITS[unit.toLowerCase()]!;
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
