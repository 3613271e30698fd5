// The last line of a failed load. Up to 10.1 it is strerror alone, and every layer has printed a line before; from 10.2
// the layers hang their words onto it, outermost first.

import { compareVersions, type QemuVersion } from '../version.js';
import { strerror, type Errno } from './errno.js';

/** First release that reports vmstate errors as one chain. */
export const CHAINED_SINCE: QemuVersion = { major: 10, minor: 2 };

export function isChained(version: QemuVersion): boolean {
  return compareVersions(version, CHAINED_SINCE) >= 0;
}

/** `links`: outermost first; releases before 10.2 leave them out. */
export function loadFailed(version: QemuVersion, errno: Errno, links: readonly string[] = []): string {
  const line = `load of migration failed: ${strerror(errno)}`;
  return isChained(version) ? [line, ...links].join(': ') : line;
}
