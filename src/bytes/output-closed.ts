// The quiet stop: the reader of our output has gone. The class is separate from the sinks, so that the command line can
// tell a quiet stop from an error.

/** The reader of the output has gone (EPIPE). This is not a failure, only the end of the work. */
export class OutputClosed extends Error {
  constructor(label = 'the output', cause?: unknown) {
    super(`${label} was closed by its reader`, cause === undefined ? undefined : { cause });
    this.name = 'OutputClosed';
  }
}
