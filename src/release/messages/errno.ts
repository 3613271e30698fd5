// The errno values that a load can end with: their names, Linux's numbers, and glibc's words for them, which every QEMU
// of the tables was built with. Imports nothing.

/** What the last line of a failed load says in strerror's words. */
export type Errno =
  'EPERM' | 'ENOENT' | 'EIO' | 'EAGAIN' | 'ENOMEM' | 'EFAULT' | 'EINVAL' | 'ENOSPC' | 'ERANGE' | 'ENOTSUP';

const errors: Readonly<Record<Errno, readonly [number: number, words: string]>> = {
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EIO: [5, 'Input/output error'],
  EAGAIN: [11, 'Resource temporarily unavailable'],
  ENOMEM: [12, 'Cannot allocate memory'],
  EFAULT: [14, 'Bad address'],
  EINVAL: [22, 'Invalid argument'],
  ENOSPC: [28, 'No space left on device'],
  ERANGE: [34, 'Numerical result out of range'],
  ENOTSUP: [95, 'Operation not supported'],
};

export function strerror(errno: Errno): string {
  return errors[errno][1];
}

/** strerror's words for the number that QEMU prints; undefined for a number that no load ends with. */
export function wordsOfNumber(number: number): string | undefined {
  return Object.values(errors).find(([value]) => value === Math.abs(number))?.[1];
}

/** The negative number that QEMU prints in "ret: %d" and "stream error: %d". */
export function errnoNumber(errno: Errno): number {
  return -errors[errno][0];
}
