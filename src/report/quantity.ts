// Numbers for people: the exact and the rounded form together.

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** 2,433,024 */
export function countText(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 2.32 MiB; 8 bytes */
export function humanBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  if (unit === 0) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${String(Number(value.toFixed(digits)))} ${units[unit]}`;
}

/** 141,280 bytes (138 KiB) */
export function bytesText(bytes: number): string {
  return bytes < 1024 ? humanBytes(bytes) : `${countText(bytes)} bytes (${humanBytes(bytes)})`;
}

/** (138 KiB), or nothing where it would repeat the exact size: for a column beside the exact size. */
export function humanColumn(bytes: number): string {
  return bytes < 1024 ? '' : humanBytes(bytes);
}

/** 0x000054a0: at least eight digits, so that columns align. */
export function offsetText(offset: number): string {
  return `0x${offset.toString(16).padStart(8, '0')}`;
}

/** 0x54a0 */
export function hexText(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** 8.4 % */
export function percentText(part: number, whole: number): string {
  return whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** "1 page", "2 pages" */
export function plural(count: number, singular: string, many = `${singular}s`): string {
  return `${countText(count)} ${count === 1 ? singular : many}`;
}
