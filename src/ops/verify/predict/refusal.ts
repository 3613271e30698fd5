// How a load ends: the refusal that travels up through QEMU's layers, and what each layer says on its way. Up to 10.1 every layer
// prints a line; since 10.2 most of them put their words in front of one chained message. Imports nothing.

/** QEMU's errno values, and strerror() of them. */
const errors: Readonly<Record<number, string>> = {
  1: 'Operation not permitted',
  2: 'No such file or directory',
  5: 'Input/output error',
  11: 'Resource temporarily unavailable',
  12: 'Cannot allocate memory',
  19: 'No such device',
  22: 'Invalid argument',
  34: 'Numerical result out of range',
  38: 'Function not implemented',
  95: 'Operation not supported',
};

export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const EAGAIN = 11;
export const EINVAL = 22;
export const ERANGE = 34;
export const ENOSYS = 38;
export const ENOTSUP = 95;

export function strerror(errno: number): string {
  return errors[errno] ?? `Unknown error ${errno}`;
}

/** A load that QEMU gives up. Thrown and caught inside the predictor only. */
export class Refusal extends Error {
  /** Positive. */
  readonly errno: number;
  /** Of the message that tells most, for the cause. */
  readonly id: string;
  /** Since 10.2: the words of the layers so far, the outermost first; each with its own `: ` where QEMU has one. */
  chain: string;

  constructor(errno: number, id: string, chain: string) {
    super(id);
    this.name = 'Refusal';
    this.errno = errno;
    this.id = id;
    this.chain = chain;
  }
}

/** QEMU ends by a signal, or waits for ever. */
export class Ending extends Error {
  readonly verdict: 'aborts' | 'hangs' | 'unknown' | 'loads';
  readonly id: string;

  constructor(verdict: 'aborts' | 'hangs' | 'unknown' | 'loads', id: string) {
    super(id);
    this.name = 'Ending';
    this.verdict = verdict;
    this.id = id;
  }
}
