// Framing: QMP is a sequence of JSON values, one per line (CR LF). A reply can be hundreds of kilobytes long
// (query-qmp-schema) and arrives in socket-sized pieces. Pieces are therefore kept separately and joined once, when
// their line is complete.

/**
 * The answer to query-qmp-schema of QEMU 11.1 is about 0.4 MB; no other message of QEMU comes near this limit. Bytes.
 */
export const MAX_QMP_LINE = 64 * 1024 * 1024;

const LF = 0x0a;

/** Cuts a byte stream into lines without their line ends; empty lines are dropped. */
export class LineSplitter {
  #parts: Uint8Array[] = [];
  #held = 0;

  /**
   * Takes the next piece and returns the lines that it completes.
   * @throws RangeError when a line grows past `MAX_QMP_LINE`.
   */
  push(piece: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = piece.indexOf(LF, from); end !== -1; end = piece.indexOf(LF, from)) {
      this.#parts.push(piece.subarray(from, end));
      const line = Buffer.concat(this.#parts).toString('utf8').trim();
      if (line !== '') lines.push(line);
      this.#parts = [];
      this.#held = 0;
      from = end + 1;
    }
    if (from < piece.length) {
      // A copy (Buffer's `slice` does not copy): the socket may reuse the buffer.
      this.#parts.push(new Uint8Array(piece.subarray(from)));
      this.#held += piece.length - from;
      if (this.#held > MAX_QMP_LINE) throw new RangeError(`a QMP line is longer than ${MAX_QMP_LINE} bytes`);
    }
    return lines;
  }
}
