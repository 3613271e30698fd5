// From the model of a destination to the view of QEMU's loader.

import { unlessBroken } from '../base/errors.js';
import { architectureOfTarget } from '../release/architecture.js';
import type { Destination, RamBlockFacts } from '../destination/destination.js';
import type { Save } from '../destination/save.js';
import { DeviceEntries, parseSchema, type DescriptionSchema, type VmsdSchema } from '../vmstate/index.js';
import { versionInMachine } from '../release/machines.js';
import { atLeast, release } from '../release/version.js';
import { DIRTY_BITMAP_IDSTR } from '../wire/dirty-bitmap.js';
import { deviceKey } from '../wire/section.js';
import type { DestinationBlock, DestinationHandler, Receiver } from './destination.js';

/** In the value of -machine. */
const SUPPRESSED = /(?:^|,)suppress-vmdesc=(?:on|yes|true|y)(?:,|$)/;

/** On since the machine types of 3.0. QEMU: hw_compat_2_12, hw/core/machine.c. */
function checksDecompression({ argv, machine }: Destination): boolean {
  const given = argv.findLast((word) => word.startsWith('migration.decompress-error-check='));
  if (given !== undefined) return /=(?:on|yes|true|y)$/.test(given);
  const version = versionInMachine(machine);
  return version === undefined || atLeast(version, release('3.0'));
}

/** `capabilities`: what will be switched on or off for this load, over what the destination has. */
export function receiverOf(destination: Destination, capabilities: Readonly<Record<string, boolean>> = {}): Receiver {
  const { qemu, machine, hostPageSize, sendConfiguration, sectionFooters, targetPageSize, known, save } = destination;
  const on = new Map([...Object.entries(destination.capabilities), ...Object.entries(capabilities)]);
  const json = save?.vmdescription;
  const description = json === undefined ? undefined : unlessBroken(() => parseSchema(json));
  return {
    version: { major: qemu.major, minor: qemu.minor },
    architecture: architectureOfTarget(destination.target),
    machine,
    hostPageSize,
    sendConfiguration,
    sectionFooters,
    capabilities: on,
    uuid: destination.uuid?.replaceAll('-', ''),
    pageBits: Math.log2(targetPageSize),
    legacyPageBits: /^(arm|aarch64)/.test(destination.target) ? 10 : Math.log2(targetPageSize),
    suppressVmdescription: description === undefined || destination.argv.some((word) => SUPPRESSED.test(word)),
    decompressErrors: checksDecompression(destination),
    blocks: destination.blocks.map((block) => blockOf(block, on.get('x-ignore-shared') === true)),
    blocksKnown: known['blocks'] !== 'unknown',
    handlers: inListOrder(handlersOf(save, description, destination.offers)),
    handlersKnown: known['devices'] !== 'unknown',
    blockNodes: new Set(
      destination.argv.flatMap((word) =>
        [...word.matchAll(/(?:^|,)(?:id|node-name)=([^,]+)/g)].map((match) => match[1]!),
      ),
    ),
    tables: destination.tables,
  };
}

/**
 * ROM blobs can always be resized, also when they are as large as they may become. QEMU: rom_set_mr(),
 * hw/core/loader.c.
 */
const RESIZABLE = /^\/rom@/;

function blockOf(
  { idstr, ignored, migratable = true, ...facts }: RamBlockFacts,
  ignoreShared: boolean,
): DestinationBlock {
  return {
    ...facts,
    name: idstr,
    resizable: facts.maxLength > facts.usedLength || RESIZABLE.test(idstr),
    migratable,
    ignored: !migratable || (ignoreShared && ignored === true),
  };
}

/** Saved by hand-written code: the description gives the size of the whole. */
function isOldStyle(table: VmsdSchema): boolean {
  return table.name === '';
}

/**
 * Registered in every QEMU, and in a save only with something to save. QEMU: dirty_bitmap_mig_init(),
 * migration/block-dirty-bitmap.c.
 */
function dirtyBitmaps(saved: readonly DestinationHandler[]): DestinationHandler {
  const ids = new Set(saved.map(({ registration }) => registration));
  let registration = 0;
  while (ids.has(registration)) registration += 1;
  const none = { schema: undefined, payload: undefined };
  return { idstr: DIRTY_BITMAP_IDSTR, instanceId: 0, versionId: 1, registration, kind: 'iterable', ...none };
}

/**
 * The order of QEMU's list: by priority, then by registration. A save has its devices in that order, but its iterable
 * sections come first; their priority is the default, as that of the device that was registered first. QEMU:
 * savevm_state_handler_insert(), migration/savevm.c.
 */
function inListOrder(saved: readonly DestinationHandler[]): DestinationHandler[] {
  const list = saved.filter(({ kind }) => kind !== 'iterable');
  const oldest = Math.min(...list.map(({ registration }) => registration));
  const byDefault = list.findIndex(({ registration }) => registration === oldest);
  for (const handler of [...saved.filter(({ kind }) => kind === 'iterable'), dirtyBitmaps(saved)]) {
    const next = list.findIndex(({ registration }, i) => i >= byDefault && registration > handler.registration);
    list.splice(next === -1 ? list.length : next, 0, handler);
  }
  return list;
}

function handlersOf(
  save: Save | undefined,
  description: DescriptionSchema | undefined,
  offers: Destination['offers'],
): DestinationHandler[] {
  const entries = description && new DeviceEntries(description);
  return (save?.sections ?? []).map(({ sectionId, idstr, instanceId, versionId, iterable, payload }) => {
    const schema = entries?.next({ idstr, instanceId })?.vmsd;
    return {
      idstr,
      instanceId,
      versionId,
      registration: sectionId,
      kind: iterable ? 'iterable' : schema === undefined || isOldStyle(schema) ? 'old' : 'vmsd',
      schema,
      payload: iterable ? undefined : payload,
      virtio: offers.get(deviceKey(idstr, instanceId)),
    };
  });
}
