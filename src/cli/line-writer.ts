// Lines to an output, gathered into large writes, for reports that come while the stream is read.

const ENOUGH = 64 * 1024;

export class LineWriter {
  private readonly output: { write(text: string): Promise<void> };
  private pending: string[] = [];
  private length = 0;

  constructor(output: { write(text: string): Promise<void> }) {
    this.output = output;
  }

  /** Undefined while there is room; else a promise to await. */
  line(text: string): Promise<void> | undefined {
    return this.text(`${text}\n`);
  }

  /** As `line`, for text that brings its line ends. */
  text(text: string): Promise<void> | undefined {
    this.pending.push(text);
    this.length += text.length;
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
