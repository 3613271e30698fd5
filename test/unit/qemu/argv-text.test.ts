// A command line as text: as /proc has it, for a shell, as JSON; and what it says of CPU and accelerator.
import { shellQuote } from '../../../src/base/shell.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedCpu, parseArgvText } from '../../../src/qemu/argv-text.js';

describe('a command line as text', () => {
  test('comes back from all three ways of writing it', () => {
    const word = fc.string({ maxLength: 12, unit: 'binary' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        expect(parseArgvText(shellQuote(words))).toEqual(words);
        expect(parseArgvText(JSON.stringify(words))).toEqual(words);
        expect(parseArgvText(words.map((each) => `${each}\0`).join(''))).toEqual(words);
      }),
      { seed: 8, numRuns: 300 },
    );
  });

  test('as libvirt logs it', () => {
    const log =
      'LC_ALL=C \\\nPATH=/usr/bin \\\n/usr/bin/qemu-system-x86_64 \\\n-name guest="a \\"b\\"",debug-threads=on \\\n-machine pc-q35-7.2,usb=off,accel=kvm \\\n-cpu \'Skylake-Client,-hle\' \\\n-m 2048\n';
    expect(parseArgvText(log)).toEqual([
      'LC_ALL=C',
      'PATH=/usr/bin',
      '/usr/bin/qemu-system-x86_64',
      '-name',
      'guest=a "b",debug-threads=on',
      '-machine',
      'pc-q35-7.2,usb=off,accel=kvm',
      '-cpu',
      'Skylake-Client,-hle',
      '-m',
      '2048',
    ]);
  });

  test.each([[''], [' \n'], ["-cpu 'max"], ['-name "a\\"'], ['[1, 2]'], ['["a"'], ['["a", null]']])(
    'no command line: %j',
    (text) => {
      expect(parseArgvText(text)).toBeUndefined();
    },
  );
});

test.each([
  ['qemu-system-x86_64 -M pc', null, 'tcg'],
  ['LC_ALL=C /usr/bin/qemu-system-x86_64 -cpu qemu64 -cpu max,+avx', 'max,+avx', 'tcg'],
  ['/usr/libexec/qemu-kvm -M q35', null, undefined],
  ['-M q35', null, undefined],
  ['qemu-kvm -M q35,accel=kvm', null, 'kvm'],
  ['qemu -accel kvm,dirty-ring-size=4096 -cpu host', 'host', 'kvm'],
  ['qemu -accel accel=tcg,thread=multi', null, 'tcg'],
  ['qemu -enable-kvm', null, 'kvm'],
  ['qemu -machine accel=kvm:tcg', null, undefined],
  ['qemu -accel kvm -accel tcg', null, undefined],
])('CPU and accelerator of %s', (text, cpu, accelerator) => {
  expect(askedCpu(text.split(' '))).toEqual({ cpu, accelerator });
});
