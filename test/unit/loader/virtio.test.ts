// Virtio features that a guest has taken against those of a destination: what is known, what is not, and what helps.
// The destination is the machine that the capture came from. Real QEMUs are asked in test/e2e/agreement. Imports
// ops/verify.

import { describe, expect, test } from 'vitest';
import { memorySource } from '../../../src/bytes/source.js';
import { openStream } from '../../../src/open/open-stream.js';
import { builtinDestination } from '../../../src/destination/builtin-destination.js';
import { predict, type Prediction } from '../../../src/loader/index.js';
import type { Destination, OfferedFeatures } from '../../../src/destination/destination.js';
import { decodeDevice } from '../../../src/devices/index.js';
import { findInDevice, parseSchema } from '../../../src/vmstate/index.js';
import { deviceKey } from '../../../src/wire/section.js';
import { fixtureBytes } from '../../support/fixtures.js';

const VERSION_1 = 1n << 32n;
const card = '0000:00:02.0/virtio-net';
const disk = '0000:00:03.0/virtio-blk';

interface Capture {
  readonly bytes: Uint8Array;
  readonly profile: Destination;
  /** Offsets of the features in 64 bits, by device. */
  readonly words: ReadonlyMap<string, number>;
}

const captures = new Map<string, Promise<Capture>>();

async function capture(release: string): Promise<Capture> {
  const bytes = fixtureBytes(`${release}-q35-devices`);
  const [major, minor, micro] = release.split('.').map(Number) as [number, number, number];
  const profile = await builtinDestination(memorySource(bytes), { version: { major, minor, micro } });
  const { devices } = parseSchema(profile.save!.vmdescription!);
  const words = new Map<string, number>();
  for await (const event of (await openStream(bytes)).events()) {
    if (event.kind !== 'payload' || ![card, disk].includes(event.section.idstr)) continue;
    const { idstr } = event.section;
    const [word] = findInDevice(
      decodeDevice(
        devices.find(({ name }) => name === idstr)!,
        event.bytes,
        event.span.start,
      ),
      'virtio.virtio/64bit_features.guest_features',
    );
    words.set(idstr, word!.span.start);
  }
  return { bytes, profile, words };
}

/** The capture with the features of one device, and what its own machine makes of it when that offers `virtio`. */
async function loaded(
  release: string,
  idstr: string,
  features: bigint,
  virtio: OfferedFeatures | undefined,
): Promise<Prediction> {
  const made = captures.get(release) ?? capture(release);
  captures.set(release, made);
  const { bytes: original, profile, words } = await made;
  const bytes = Uint8Array.from(original);
  new DataView(bytes.buffer).setBigUint64(words.get(idstr)!, features);
  const offered = new Map(virtio === undefined ? [] : [[deviceKey(idstr, 0), virtio]]);
  return predict(memorySource(bytes), { ...profile, offers: offered, known: {} });
}

const offers = (features: bigint, unsure = 0n): OfferedFeatures => ({
  features,
  unsure,
});
const about = (prediction: Prediction): string[] => prediction.unknowns.filter((one) => /offers/.test(one));

describe.each(['7.2.22', '11.1.3'])('into %s', (release) => {
  const chained = release === '11.1.3';

  test('features that are offered', async () => {
    const prediction = await loaded(release, disk, VERSION_1 | 0x2200n, offers(VERSION_1 | 0x2200n));
    expect([prediction.verdict, about(prediction)]).toEqual(['loads', []]);
  });

  test('one that is not: by name, and with what switches it on', async () => {
    const prediction = await loaded(release, disk, VERSION_1 | 0x2200n, offers(VERSION_1 | 0x200n));
    expect(prediction.verdict).toBe('rejected');
    // From 10.2 on those that are offered are gone from what QEMU prints.
    expect(prediction.messages[0]).toBe(
      chained
        ? 'Features 0x00000000000000000000000100000200 unsupported. Allowed features: 0x00000000000000000000000100000200'
        : 'Features 0x100002200 unsupported. Allowed features: 0x100000200',
    );
    expect(prediction.explanation!.meaning).toBe(
      'The guest uses virtio features that this device does not offer: VIRTIO_BLK_F_DISCARD (discard=).',
    );
    expect(prediction.explanation!.cures[0]).toMatch(/switch them on at that device, by the option in brackets/);
  });

  test('one that has no option', async () => {
    const prediction = await loaded(release, disk, VERSION_1 | 0x200n, offers(0x1_0000_0000_0000_0200n));
    expect([prediction.verdict, prediction.explanation!.meaning]).toEqual([
      'rejected',
      'The guest uses virtio features that this device does not offer: VIRTIO_F_VERSION_1.',
    ]);
  });

  test('one above bit 31, which a device without such does not look at up to 10.1', async () => {
    const prediction = await loaded(release, disk, VERSION_1, offers(0x200n));
    expect(prediction.verdict).toBe(chained ? 'rejected' : 'loads');
  });

  test('one that depends on the real network', async () => {
    const prediction = await loaded(release, card, VERSION_1 | 3n, offers(VERSION_1, 0x7f83n));
    expect([prediction.verdict, about(prediction)]).toEqual([
      'loads',
      [
        `whether the network of the destination's ${card} offers what the guest has taken: VIRTIO_NET_F_CSUM (csum=), VIRTIO_NET_F_GUEST_CSUM (guest_csum=)`,
      ],
    ]);
    expect((await loaded(release, card, VERSION_1 | (1n << 45n) | 3n, offers(VERSION_1, 0x7f83n))).verdict).toBe(
      'rejected',
    );
  });

  test('nobody knows what is offered', async () => {
    const prediction = await loaded(release, disk, VERSION_1 | 0x200n, undefined);
    expect([prediction.verdict, about(prediction)]).toEqual([
      'loads',
      [`whether the destination's ${disk} offers all features that the guest has taken (0x100000200)`],
    ]);
  });
});
