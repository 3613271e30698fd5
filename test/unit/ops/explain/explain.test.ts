// Explanations: every message has one whose placeholders the message fills; real words of real QEMUs, with the cure
// that was measured; where in a stream; and honest silence.
import { cureText } from '../../../../src/report/hints.js';
import { describe, expect, test } from 'vitest';
import { explain } from '../../../../src/ops/explain/explain.js';
import { formatMessage, loadMessages, messageIds, wordingOf } from '../../../../src/release/messages/index.js';
import { piecesFor } from '../../../../src/release/messages/table.js';
import { look } from '../../../support/edits.js';
import { fixtureBytes } from '../../../support/fixtures.js';

const newest = { major: 11, minor: 2 };
const oldest = [
  { major: 4, minor: 0 },
  { major: 7, minor: 2 },
  { major: 8, minor: 1 },
  { major: 10, minor: 0 },
];

describe('explain', () => {
  test.each(messageIds)('%s', (id) => {
    const version = [...oldest, newest].find((one) => wordingOf(id, one) !== undefined)!;
    const values = Object.fromEntries(
      piecesFor(wordingOf(id, version)!.text).flatMap((piece) =>
        typeof piece === 'string'
          ? []
          : [
              [
                piece.name,
                piece.kind === 'text' || piece.kind === 'word' ? 'xyz' : piece.kind === 'optional' ? 'not' : 1,
              ],
            ],
      ),
    );
    const found = explain(formatMessage(id, version, values)).find((one) => one.id === id);
    expect(found).toBeDefined();
    expect(found!.meaning).not.toMatch(/\{\w+\}/);
    expect([...found!.causes, ...found!.cures.map(cureText)].join()).not.toMatch(/\{\w+\}/);
    if (found!.effect === 'fatal') expect(found!.cures.length, id).toBeGreaterThan(0);
    expect(found!.source.startsWith(loadMessages[id].source)).toBe(true);
  });

  test.each<[text: string, words: RegExp]>([
    ['RAM block mem0 should  be migrated', /rewrite --ignored mem0=no.*rewrite --to-dialect 4\.1/],
    ['VQ 0 vring.num 1024 exceeds allocated max 256', /queue-size=1024/],
    ['get_pci_config_device: Bad config data: i=0x9a read: 2 device: 3 cmask: ff wmask: 0 w1cmask:0', /vectors=/],
    ['Bad config data: i=0x9a read: 2 device: 3 cmask: ff wmask: 0 w1cmask:0', /vectors=/],
    ['Bad config data: i=0x9a', /vectors=/],
    ['Unknown savevm section or instance', /devices/],
    ['Length mismatch', /the same -m/],
    ['Missing section footer for 0000:00:01.3/piix4_pm', /another length/],
    ['Length mismatch: mem0: 0x200000 in != 0x400000: Invalid argument', /the same -m/],
    [
      "Unknown savevm section or instance '0000:00:03.0/virtio-net' 0. Make sure that your current VM setup matches your saved VM setup, including any hotplugged devices",
      /devices/,
    ],
    [
      "Machine type received is 'pc-i440fx-7.2' and local is 'pc-i440fx-10.0'",
      /-M pc-i440fx-7\.2.*rewrite --machine pc-i440fx-10\.0/,
    ],
    [
      'Capability x-ignore-shared is off, but received capability is on',
      /migrate-set-capabilities x-ignore-shared: on/,
    ],
    [
      "load of migration failed: Invalid argument: error while loading state for instance 0x0 of device 'fw_cfg': VM subsection 'fw_cfg/dmX' in 'fw_cfg' does not exist",
      /drop-subsection fw_cfg\/dmX/,
    ],
    ['MIG_CMD 0xb unknown (len 0x0)', /drop-command SWITCHOVER_START/],
  ])('%s', (text, words) => {
    const all = explain(text)
      .flatMap((one) => [one.meaning, ...one.causes, ...one.cures.map(cureText)])
      .join(' ');
    expect(all).toMatch(words);
  });

  test('virtio features by name and option, when another line names the device', () => {
    const text =
      "Features 0x1c0010130afffaf unsupported. Allowed features: 0x10179bfffef\nerror while loading state for instance 0x0 of device '0000:00:03.0/virtio-net'";
    const [features] = explain(text);
    const names =
      'VIRTIO_NET_F_GUEST_USO4 (guest_uso4=), VIRTIO_NET_F_GUEST_USO6 (guest_uso6=), VIRTIO_NET_F_HOST_USO (host_uso=)';
    expect([features!.meaning, features!.details]).toEqual([
      `The guest uses virtio features that this device does not offer: ${names}.`,
      [],
    ]);
    expect(explain(text.split('\n')[0]!)[0]!.details[0]).toMatch(/another line/);
    // What is not offered is gone from what QEMU prints.
    const chained =
      "load of migration failed: Operation not permitted: error while loading state for instance 0x0 of device '0000:00:03.0/virtio-blk': Features 0x00000000000000000000000130006e54 unsupported. Allowed features: 0x00000000000000000000000179006e54";
    const row = explain(chained).find((one) => one.id === 'virtio-features')!;
    expect([row.meaning, row.details[0]]).toEqual([
      'The guest uses virtio features that this device does not offer: ….',
      expect.stringMatching(/a comparison with that QEMU/),
    ]);
  });

  test('the last line alone says what its errno usually is', () => {
    expect(explain('load of migration failed: No such file or directory')[0]!.meaning).toMatch(/subsection/);
    expect(
      explain('Missing section footer for ram\nload of migration failed: Invalid argument').map((one) => one.id),
    ).toEqual(['footer-missing']);
  });

  test('where in the stream', async () => {
    const inspection = await look(fixtureBytes('7.2.22-plain'));
    const [place] = explain('Missing section footer for i8259', { inspection })[0]!.places;
    expect(place!.offset).toBe(inspection.map.find((row) => row.section?.idstr === 'i8259')!.span.start);
    expect(explain('Size mismatch: pc.ram: 0x1 != 0x2: Invalid argument', { inspection })[0]!.places[0]!.what).toBe(
      'block "pc.ram" in the block list',
    );
  });

  test('what nobody knows stays unexplained; names drive no terminal', () => {
    expect(explain('segmentation fault')).toEqual([]);
    expect(explain("Can't find block \x1b]0;")[0]!.text).toBe("Can't find block \\x1b]0;");
  });
});
