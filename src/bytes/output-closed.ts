// The quiet stop: whoever read our output has gone. Apart from the sinks, so that the command line can tell it from an
// error. Imports nothing.

/** Nobody reads any more (EPIPE): no error of anybody's, only the end of the work. */
export class OutputClosed extends Error {
  constructor(label = 'the output', cause?: unknown) {
    super(`${label} was closed by its reader`, cause === undefined ? undefined : { cause });
    this.name = 'OutputClosed';
  }
}
