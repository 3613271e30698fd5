// Tells whether a QEMU uses a file. QEMU locks bytes from 100 on and from 200 on of an image (block/file-posix.c:
// RAW_LOCK_PERM_BASE, RAW_LOCK_SHARED_BASE). Linux lists the locks in /proc/locks.

import { readFile, stat } from 'node:fs/promises';

const QEMU_LOCKS = { first: 100, last: 299 };

/**
 * The holder of such locks on `path`: "process 4711". Undefined where there is no holder, or the system does not list
 * locks.
 */
export async function inUse(path: string): Promise<string | undefined> {
  const [file, locks] = await Promise.all([
    stat(path).catch(() => undefined),
    readFile('/proc/locks', 'utf8').catch(() => ''),
  ]);
  if (file === undefined) return undefined;
  for (const line of locks.split('\n')) {
    // Example: 1: OFDLCK ADVISORY READ -1 fe:00:1234 100 101
    const match = /^\d+: +(?:-> +)?\w+ +\w+ +\w+ +(-?\d+) +\w+:\w+:(\d+) +(\d+) +(\d+|EOF)/.exec(line);
    if (match === null || Number(match[2]) !== file.ino) continue;
    const start = Number(match[3]);
    if (start < QEMU_LOCKS.first || start > QEMU_LOCKS.last) continue;
    return match[1] === '-1' ? 'a process that locks it like a QEMU' : `process ${match[1]}`;
  }
  return undefined;
}
