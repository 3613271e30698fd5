// QEMU's command line as a value: quoting, parameters apart and together again, looking options up.

import { shellQuote } from '../../../src/base/shell.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosesAccelerator, findOptions, formatKeyval, parseKeyval } from '../../../src/qemu/argv.js';

describe('parameters', () => {
  it('take type, values, switches and doubled commas apart', () => {
    const { name, values } = parseKeyval('memory-backend-file,id=mem0,size=2M,share=on,mem-path=/a,,b=c,prealloc');
    expect(name).toBe('memory-backend-file');
    expect([...values]).toEqual([
      ['id', 'mem0'],
      ['size', '2M'],
      ['share', 'on'],
      ['mem-path', '/a,b=c'],
      ['prealloc', 'on'],
    ]);
  });

  it('come back as they were written', () => {
    const text = fc.string({ minLength: 1, maxLength: 12 });
    const key = fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/);
    fc.assert(
      fc.property(
        fc.option(key, { nil: undefined }),
        fc.uniqueArray(fc.tuple(key, text), { selector: ([each]) => each, minLength: 1 }),
        (name, entries) => {
          const back = parseKeyval(formatKeyval({ name, values: new Map(entries) }));
          expect(back.name).toBe(name);
          expect([...back.values]).toEqual(entries);
        },
      ),
    );
  });
});

describe('command lines', () => {
  it('quote only what a shell would change', () => {
    expect(shellQuote(['-m', '2', '-append', "it's quiet"])).toBe("-m 2 -append 'it'\\''s quiet'");
  });

  it('find options with one dash or two', () => {
    expect(findOptions(['-M', 'pc', '--machine', 'q35', '-m', '2'], 'M', 'machine')).toEqual([
      { index: 0, option: 'M', value: 'pc' },
      { index: 2, option: 'machine', value: 'q35' },
    ]);
  });

  it.each([
    [['-M', 'pc,accel=kvm'], true],
    [['-accel', 'tcg'], true],
    [['-enable-kvm'], true],
    [['-M', 'pc', '-m', '2'], false],
  ])('%j chooses an accelerator: %s', (argv, chooses) => {
    expect(choosesAccelerator(argv)).toBe(chooses);
  });
});
