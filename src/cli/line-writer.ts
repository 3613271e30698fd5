// Lines to an output, gathered into large writes, for reports that come while the stream is read.

import type { Output } from './host.js';

const ENOUGH = 64 * 1024;

export class LineWriter {
  private readonly output: Output;
  private pending: string[] = [];
  private length = 0;

  constructor(output: Output) {
    this.output = output;
  }

  /** Undefined while there is room; else a promise to await. */
  line(text: string): Promise<void> | undefined {
    this.pending.push(text, '\n');
    this.length += text.length + 1;
    return this.length >= ENOUGH ? this.flush() : undefined;
  }

  /** @throws OutputClosed */
  async flush(): Promise<void> {
    const text = this.pending.join('');
    this.pending = [];
    this.length = 0;
    if (text !== '') await this.output.write(text);
  }
}
