// The last line of a failed load. Up to 10.1 it is strerror alone, and every layer has printed a line before; from 10.2
// the layers hang their words onto it, outermost first.

import { behaves } from '../behaviours.js';
import type { QemuVersion } from '../version.js';
import { strerror, type Errno } from './errno.js';

export function isChained(version: QemuVersion): boolean {
  return behaves(version, 'chained-errors');
}

/** `links`: outermost first; releases before 10.2 leave them out. */
export function loadFailed(version: QemuVersion, errno: Errno, links: readonly string[] = []): string {
  const line = `load of migration failed: ${strerror(errno)}`;
  return isChained(version) ? [line, ...links].join(': ') : line;
}
