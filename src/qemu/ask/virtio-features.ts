// Which features a virtio device offers to its guest: QEMU tells nobody before a guest asks, but says so when it
// refuses a state whose guest has taken another one. So each device gets its own state back with a feature that no
// device has, alone in a stream, in a throw-away QEMU of the same command line. QEMU: virtio_load(),
// hw/virtio/virtio.c.

import { unlessBroken } from '../../base/errors.js';
import { encodeBytes } from '../../wire/kit/codec.js';
import { configurationSection, type Configuration } from '../../wire/configuration.js';
import { fileHeader, QEMU_VM_FILE_MAGIC, QEMU_VM_FILE_VERSION } from '../../wire/file-header.js';
import { deviceKey, sectionFooter, sectionHeader, sectionType } from '../../wire/section.js';
import { decodeDevice } from '../../devices/index.js';
import { NET_OFFLOADS, withUnknownFeature } from '../../devices/virtio/features.js';
import { DeviceEntries, parseSchema, type DeviceSchema } from '../../vmstate/index.js';
import type { KnownBy, NeutralisedOption, OfferedFeatures } from '../../destination/destination.js';
import type { Save, SavedSection } from '../../destination/save.js';
import { tryAll, type TryLoadOptions } from '../try-load.js';

/** A tenth of a second each, most of it the start of a QEMU: not for a machine with hundreds. */
const MAX_ASKED = 64;

export type Asked = Pick<TryLoadOptions, 'binary' | 'argv' | 'cwd' | 'timeoutMs' | 'signal'>;

export interface VirtioOffers {
  /** By `deviceKey`. */
  readonly offers: ReadonlyMap<string, OfferedFeatures>;
  /** Undefined: no device of the save is virtio. */
  readonly source: KnownBy | undefined;
}

/** What the virtio devices of a save offer; what could not be learned goes to `notes`. */
export async function virtioOffers(
  save: Save,
  asked: Asked,
  changes: readonly NeutralisedOption[],
  notes: string[],
): Promise<VirtioOffers> {
  const json = save.vmdescription;
  const description = json === undefined ? undefined : unlessBroken(() => parseSchema(json));
  const entries = description && new DeviceEntries(description);
  const cases = save.sections.flatMap((section) => {
    const schema = entries?.next(section);
    return schema?.vmsd.fields.some(({ type }) => type === 'virtio') === true
      ? [{ ...asked, section, state: refusable(save, section, schema) }]
      : [];
  });
  const offers = new Map<string, OfferedFeatures>();
  const keyOf = ({ idstr, instanceId }: SavedSection): string => deviceKey(idstr, instanceId);
  // A busy host may end a trial too early: who did not say is asked once more.
  for (let round = 0; round < 2; round += 1) {
    const open = cases.slice(0, MAX_ASKED).filter(({ section }) => !offers.has(keyOf(section)));
    await tryAll(open, {
      done({ section }, trial) {
        const features =
          trial instanceof Error ? undefined : trial.lines.map(offered).find((bits) => bits !== undefined);
        if (features !== undefined) offers.set(keyOf(section), { features, unsure: unsure(section, changes) });
      },
    });
  }
  asked.signal?.throwIfAborted();
  const missing = cases.filter(({ section }) => !offers.has(keyOf(section))).map(({ section }) => section.idstr);
  if (missing.length > 0)
    notes.push(`which virtio features these offer is not known, since this QEMU did not say: ${missing.join(', ')}`);
  // Trials end in any order; the answer is in that of the save.
  const inOrder = new Map(
    save.sections.flatMap((section) => {
      const offer = offers.get(keyOf(section));
      return offer === undefined ? [] : [[keyOf(section), offer] as const];
    }),
  );
  return { offers: inOrder, source: cases.length === 0 ? undefined : missing.length === 0 ? 'refusal' : 'unknown' };
}

/** From 10.2 on with 32 digits. */
function offered(line: string): bigint | undefined {
  const digits = /^Features 0x[0-9a-f]+ unsupported\. Allowed features: 0x0*([0-9a-f]+)$/.exec(line)?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

/**
 * Features that the command line as given may or may not offer, since a network without a peer stood in for its own.
 */
function unsure({ idstr }: SavedSection, changes: readonly NeutralisedOption[]): bigint {
  const cut = changes.some(({ option, limits }) => limits !== undefined && /^-(netdev|nic|net)$/.test(option));
  return cut && idstr.endsWith('virtio-net') ? NET_OFFLOADS : 0n;
}

/** A stream of this one device, as it was saved but for the features. */
function refusable({ frame, footers }: Save, section: SavedSection, schema: DeviceSchema): Uint8Array {
  const { sectionId } = section;
  const configuration = frame?.configuration;
  return Buffer.concat([
    encodeBytes(fileHeader, { magic: QEMU_VM_FILE_MAGIC, version: QEMU_VM_FILE_VERSION }),
    ...(configuration === undefined
      ? []
      : [Uint8Array.of(sectionType.configuration), encodeBytes(configurationSection, plain(configuration))]),
    Uint8Array.of(sectionType.full),
    encodeBytes(sectionHeader, section),
    withUnknownFeature(decodeDevice(schema, section.payload)),
    footers ? encodeBytes(sectionFooter, { mark: sectionType.footer, sectionId }) : new Uint8Array(0),
    Uint8Array.of(sectionType.eof),
  ]);
}

/** Without what is held against capabilities, which nobody sets for this. */
function plain({ machine, subsections }: Configuration): Configuration {
  return { machine, subsections: subsections.filter(({ kind }) => kind === 'target-page-bits') };
}
