// The version of a QEMU release: parse, compare, text. Every statement about releases uses this type.

/** A release: 4.0, 10.2. Point releases do not change the stream. */
export interface QemuVersion {
  readonly major: number;
  readonly minor: number;
}

/** Releases from `since` to `until`, both included. An absent end is open. */
export interface ReleaseRange {
  readonly since?: QemuVersion | undefined;
  readonly until?: QemuVersion | undefined;
}

/** The number of releases of each major version. */
const minorReleases: Readonly<Record<number, number>> = {
  2: 13,
  3: 2,
  4: 3,
  5: 3,
  6: 3,
  7: 3,
  8: 3,
  9: 3,
  10: 3,
  11: 2,
};

/** QEMU's releases from 2.0 on, oldest first. */
export const releases: readonly QemuVersion[] = Object.entries(minorReleases).flatMap(([major, count]) =>
  Array.from({ length: count }, (_, minor) => ({ major: Number(major), minor })),
);

/** The oldest release that the tables of this folder describe. */
export const OLDEST: QemuVersion = release('2.11');

/** The newest release that the tables of this folder describe. */
export const NEWEST: QemuVersion = releases.at(-1)!;

/** Negative: `a` is older. Zero: the same release. */
export function compareVersions(a: QemuVersion, b: QemuVersion): number {
  return a.major - b.major || a.minor - b.minor;
}

export function atLeast(version: QemuVersion, first: QemuVersion): boolean {
  return compareVersions(version, first) >= 0;
}

export function inRange(version: QemuVersion, { since, until }: ReleaseRange): boolean {
  return (since === undefined || atLeast(version, since)) && (until === undefined || atLeast(until, version));
}

export function versionText({ major, minor }: QemuVersion): string {
  return `${major}.${minor}`;
}

/** `7.2` or `7.2.22`, nothing else. Undefined: the text is no version. */
export function parseVersion(text: string): QemuVersion | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?$/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** A version as the tables write it. @throws TypeError for a text that is no version: a mistake in a table */
export function release(text: string): QemuVersion {
  const version = parseVersion(text);
  if (version === undefined) throw new TypeError(`no release: ${text}`);
  return version;
}
