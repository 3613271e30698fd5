// Numbers, names and bytes as the wire has them, with the values that break parsers drawn far more often than chance
// would: powers of two and their neighbours, empty and 255-byte names, bytes that mean something to the grammar.
import fc from 'fast-check';

export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.oneof(fc.constantFrom(0, 1, 0xff, 0x100, 0xffff), fc.integer({ min: 0, max: 0xffff }));
export const u32 = fc.oneof(
  fc.constantFrom(0, 1, 0x7e, 0xff, 0x100, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);

/** 0 … 2^53-1, near powers of two. */
export const u53 = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -2, max: 2 }))
    .map(([bits, off]) => Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, 2 ** bits + off))),
  fc.maxSafeNat(),
  fc.constant(Number.MAX_SAFE_INTEGER),
);
export const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.constantFrom(0n, 0x10n, 0x200n, (1n << 53n) - 1n, 1n << 53n, (1n << 64n) - 1n),
);

/** Any byte a character: what a hostile file may call things. */
export const latin1 = (max: number, min = 0): fc.Arbitrary<string> =>
  fc
    .oneof(
      {
        weight: 3,
        arbitrary: fc.array(fc.integer({ min: 0, max: 255 }), {
          minLength: min,
          maxLength: Math.min(max, 12),
          size: 'max',
        }),
      },
      {
        weight: 1,
        arbitrary: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: max, maxLength: max, size: 'max' }),
      },
    )
    .map((codes) => String.fromCharCode(...codes));

/** 0x21 … 0x7e, 1 to 255 of them: what QEMU calls things, however ugly. */
export const printable = (max = 255): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        'pc.ram',
        'mem0',
        '/rom@etc/acpi/tables',
        'pc.bios',
        '0000:00:02.0/vga.vram',
        'a',
        '~',
        '!',
        '\x7e\x7e\x7e\x7e\x7e',
      ),
    },
    { weight: 4, arbitrary: codes(1, Math.min(8, max)) },
    { weight: 1, arbitrary: codes(Math.min(9, max), Math.min(60, max)) },
    { weight: 1, arbitrary: codes(max, max) },
  );

function codes(min: number, max: number): fc.Arbitrary<string> {
  return fc
    .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: min, maxLength: max, size: 'max' })
    .map((list) => String.fromCharCode(...list));
}

export const bytes = (max: number, min = 0): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max, size: 'max' });

/** Bytes that hold no 0x7e, so that no footer can be seen in them. */
export const footerless = (max: number, min = 0): fc.Arbitrary<Uint8Array> =>
  bytes(max, min).map((list) => list.map((byte) => (byte === 0x7e ? 0x7d : byte)));

/** 1 KiB … 64 KiB, 4 KiB most often. */
export const pageSize = fc.oneof(
  { weight: 3, arbitrary: fc.constant(4096) },
  { weight: 2, arbitrary: fc.integer({ min: 10, max: 16 }).map((bits) => 2 ** bits) },
);

/** fc.record whose values are plain objects, so that they can be compared with decoded ones. */
export function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true });
}
