// The version of a QEMU release: parse, compare, text. Every statement about releases uses this type.

/** A release: 4.0, 10.2. Point releases do not change the stream. */
export interface QemuVersion {
  readonly major: number;
  readonly minor: number;
}

export function compareVersions(a: QemuVersion, b: QemuVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

export function versionText(version: QemuVersion): string {
  return `${version.major}.${version.minor}`;
}
