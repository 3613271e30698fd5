// QEMU's load messages: each wording is written and known again, real lines of real QEMUs are told apart, and hostile
// text costs no time. The lines were printed by 5.2.0, 7.2.22, 10.0.13 and 11.1.3.
import { describe, expect, test } from 'vitest';
import {
  formatMessage,
  loadFailed,
  loadMessages,
  matchMessage,
  messageIds,
  wordingOf,
  type MessageId,
} from '../../../src/release/messages/index.js';
import { piecesFor } from '../../../src/release/messages/table.js';

const v = (text: string): { major: number; minor: number } => {
  const [major, minor] = text.split('.');
  return { major: Number(major), minor: Number(minor) };
};
const releases = [
  '2.11',
  '3.1',
  '4.0',
  '4.1',
  '4.2',
  '5.1',
  '5.2',
  '6.2',
  '7.0',
  '7.2',
  '8.2',
  '9.0',
  '10.0',
  '10.1',
  '10.2',
  '11.1',
].map(v);

/** A value of each kind that cannot be taken for anything else. */
function samples(id: MessageId, text: string): Record<string, string | number> {
  const values: Record<string, string | number> = {};
  for (const [i, piece] of piecesFor(text).entries()) {
    if (typeof piece === 'string') continue;
    values[piece.name] =
      piece.kind === 'decimal' || piece.kind.endsWith('hex')
        ? 17 + i
        : piece.kind === 'optional'
          ? 'not'
          : `n${i}${id.length}`;
  }
  return values;
}

describe('messages', () => {
  test('every wording is known again with its values, alone and in a chain', () => {
    for (const id of messageIds) {
      for (const version of releases) {
        const wording = wordingOf(id, version);
        if (wording === undefined) continue;
        const values = samples(id, wording.text);
        const line = formatMessage(id, version, values);
        for (const text of [
          line,
          `qemu-system-x86_64: ${line}`,
          ...(wording.as === 'link' ? [loadFailed(version, 'EINVAL', ['what is outside', line])] : []),
        ]) {
          const match = matchMessage(text).find((one) => one.id === id);
          expect(match, `${id}: ${text}`).toBeDefined();
          for (const piece of piecesFor(wording.text)) {
            if (typeof piece === 'string') continue;
            const value = values[piece.name]!;
            const expected =
              typeof value === 'string' || piece.kind === 'decimal'
                ? String(value)
                : value.toString(16).padStart(piece.width, '0');
            expect(match!.values[piece.name], `${id} {${piece.name}}`).toBe(expected);
          }
        }
      }
    }
  });

  test('wordings of one message do not overlap in versions', () => {
    for (const id of messageIds) {
      for (const version of releases) {
        const saying = loadMessages[id].texts.filter(
          ({ since, until }) =>
            wordingOf(id, version) !== undefined &&
            (since === undefined ||
              since.major < version.major ||
              (since.major === version.major && since.minor <= version.minor)) &&
            (until === undefined ||
              until.major > version.major ||
              (until.major === version.major && until.minor >= version.minor)),
        );
        expect(saying.length, id).toBeLessThanOrEqual(1);
      }
      expect(loadMessages[id].source, id).toMatch(/^\w[\w/-]*\.c:/);
    }
  });

  test('what C prints: %#x of 0, strings that end at a NUL, padded digits', () => {
    expect(formatMessage('unknown-flags', v('4.0'), { flags: 0 })).toBe('Unknown combination of migration flags: 0');
    expect(formatMessage('unknown-flags', v('4.0'), { flags: 0x120 })).toBe(
      'Unknown combination of migration flags: 0x120',
    );
    expect(formatMessage('unknown-flags', v('5.2'), { flags: 0 })).toBe('Unknown combination of migration flags: 0x0');
    expect(formatMessage('unknown-ramblock', v('10.0'), { block: 'rom@etc\0\0junk' })).toBe(
      'Unknown ramblock "rom@etc", cannot accept migration',
    );
    expect(formatMessage('block-ignored', v('4.0'), { block: 'mem0', not: '' })).toBe(
      'RAM block mem0 should  be migrated',
    );
    expect(formatMessage('virtio-features', v('11.1'), { guest: 0x1c0010130afffafn, allowed: 0x10179bfffefn })).toBe(
      `Features 0x${'1c0010130afffaf'.padStart(32, '0')} unsupported. Allowed features: 0x${'10179bfffef'.padStart(32, '0')}`,
    );
    expect(() => formatMessage('block-ignored', v('4.1'), { block: 'mem0', not: '' })).toThrow(TypeError);
    expect(() => formatMessage('unknown-block', v('4.1'))).toThrow(/wants a value block/);
  });

  test.each<[line: string, ids: MessageId[]]>([
    ['Failed to load PCIDevice:config', ['field-failed']],
    [
      "load of migration failed: Invalid argument: error while loading state for instance 0x0 of device '0000:00:01.3/piix4_pm': Failed to load PCIDevice state: stream error: -5",
      ['load-failed', 'device-state-error', 'stream-error'],
    ],
    [
      "load of migration failed: Invalid argument: error while loading state for instance 0x0 of device 'fw_cfg': Loading VM subsection 'fw_cfg/dma' in 'fw_cfg' failed: fw_cfg/dma: incoming version_id 88 is too new for local version_id 0",
      ['load-failed', 'device-state-error', 'subsection-failed', 'version-too-new'],
    ],
    [
      'load of migration failed: Invalid argument: Not a migration stream, magic: 145564d != 5145564d',
      ['load-failed', 'not-a-migration-stream'],
    ],
    [
      "load of migration failed: Invalid argument: post load hook failed for: configuration, version_id: 1, minimum_version: 0: Machine type received is 'px-i440fx-11.1' and local is 'pc-i440fx-11.1'",
      ['load-failed', 'post-load-failed', 'machine-type'],
    ],
    [
      'get_pci_config_device: Bad config data: i=0x0 read: 58 device: 86 cmask: ff wmask: 0 w1cmask:0',
      ['pci-config-data'],
    ],
    ['qemu-system-x86_64: Capability x-ignore-shared is on, but received capability is off', ['capability-mismatch']],
    [
      '2026-11-24T12:00:00.000000Z qemu-system-x86_64: Size mismatch: 0000:00:02.0/vga.vram: 0x1000000 != 0x800000: Invalid argument',
      ['size-mismatch'],
    ],
    ['4 != 5', ['values-differ']],
    ['no word of this is QEMU', []],
  ])('%s', (line, ids) => {
    expect(matchMessage(line).map((match) => match.id)).toEqual(ids);
  });

  test('the value of a name inside a chain', () => {
    const [, , , match] = matchMessage(
      "load of migration failed: Invalid argument: error while loading state for instance 0x0 of device 'fw_cfg': Loading VM subsection 'fw_cfg/dma' in 'fw_cfg' failed: fw_cfg/dma: incoming version_id 88 is too new for local version_id 0",
    );
    expect(match).toMatchObject({
      id: 'version-too-new',
      values: { vmsd: 'fw_cfg/dma', received: '88', local: '0' },
      versions: [{ until: { major: 10, minor: 1 } }, { since: { major: 10, minor: 2 } }],
    });
  });

  test('which releases say it so', () => {
    expect(matchMessage('Length mismatch: mem0: 0x1 in != 0x2: Invalid argument')[0]!.versions).toEqual([
      { since: undefined, until: { major: 5, minor: 1 } },
    ]);
    expect(
      matchMessage('mc146818rtc: incoming version_id 0 is too old for local minimum version_id  1')[0]!.versions,
    ).toEqual([{ since: undefined, until: { major: 10, minor: 1 } }]);
  });

  // No clock: what would hang hangs, and the runner's own deadline says so.
  test('text made to hang a matcher does not', () => {
    for (const id of messageIds) {
      for (const { text } of loadMessages[id].texts) {
        const literals = piecesFor(text).filter((piece) => typeof piece === 'string');
        matchMessage(literals.map((literal) => literal.repeat(Math.ceil(4000 / literal.length))).join(''));
        matchMessage(literals.join('a'.repeat(2000)));
      }
    }
    matchMessage('Failed to load '.repeat(100_000));
    matchMessage(`${'a'.repeat(16_000)}: Failed to read`);
  });
});
