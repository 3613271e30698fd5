// Fields of a C structure, one behind the other, in either byte order.

export class Struct {
  private readonly view: DataView;
  private readonly little: boolean;
  private at = 0;

  /** `size`: bytes; fields that are not written are zeros. */
  constructor(size: number, little: boolean) {
    this.view = new DataView(new ArrayBuffer(size));
    this.little = little;
  }

  u8(...values: readonly number[]): this {
    for (const value of values) this.view.setUint8(this.at++, value);
    return this;
  }

  u16(...values: readonly number[]): this {
    for (const value of values) this.view.setUint16(this.advance(2), value, this.little);
    return this;
  }

  u32(...values: readonly (number | bigint)[]): this {
    for (const value of values)
      this.view.setUint32(this.advance(4), Number(BigInt.asUintN(32, BigInt(value))), this.little);
    return this;
  }

  u64(...values: readonly (number | bigint)[]): this {
    for (const value of values) this.view.setBigUint64(this.advance(8), BigInt(value), this.little);
    return this;
  }

  /** 32 or 64 bits wide. */
  word(wide: boolean, ...values: readonly (number | bigint)[]): this {
    return wide ? this.u64(...values) : this.u32(...values);
  }

  raw(bytes: Uint8Array): this {
    new Uint8Array(this.view.buffer).set(bytes, this.advance(bytes.length));
    return this;
  }

  /** The next field stands at offset `at`. */
  seek(at: number): this {
    this.at = at;
    return this;
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer);
  }

  private advance(size: number): number {
    this.at += size;
    return this.at - size;
  }
}
