// The destination's registered handlers, found by name or by the section id that they were loaded with. QEMU: find_se()
// and qemu_loadvm_section_part_end(), migration/savevm.c.

import { vmsdNameOf } from '../../base/idstr.js';
import type { DestinationHandler } from '../destination.js';

/** What QEMU keeps with a handler while it loads. */
export interface LoadedHandler {
  readonly handler: DestinationHandler;
  /** 0 until a START or FULL came: so a PART of id 0 finds the first one. */
  sectionId: number;
  versionId: number;
}

/** VMSTATE_INSTANCE_ID_ANY, which most handlers have for an alias. */
const NO_ALIAS = 0xffffffff;

/**
 * QEMU: the callers of qdev_set_legacy_instance_id(): ISA devices have their port for an alias. By idstr, in order of
 * instances.
 */
const ports: Readonly<Record<string, readonly number[]>> = {
  i8254: [0x40],
  i8259: [0x20, 0xa0],
  mc146818rtc: [0x70],
  fdc: [0x3f0],
  serial: [0x3f8, 0x2f8, 0x3e8, 0x2e8],
};

function aliasOf({ idstr, instanceId }: DestinationHandler): number {
  return ports[idstr]?.[instanceId] ?? NO_ALIAS;
}

/**
 * The name and instance of a device before QEMU put device paths into idstrs. QEMU: CompatEntry, migration/savevm.c.
 */
interface OldName {
  readonly idstr: string;
  readonly instanceId: number;
}

/**
 * The old names of all devices with a path. QEMU: calculate_compat_instance_id(), migration/savevm.c: devices of one
 * name are counted in the order of their registration.
 */
function oldNames(handlers: readonly DestinationHandler[]): ReadonlyMap<DestinationHandler, OldName> {
  const names = new Map<DestinationHandler, OldName>();
  const counts = new Map<string, number>();
  for (const handler of [...handlers].sort((a, b) => a.registration - b.registration)) {
    const idstr = vmsdNameOf(handler.idstr);
    if (idstr === handler.idstr) continue;
    const instanceId = counts.get(idstr) ?? 0;
    counts.set(idstr, instanceId + 1);
    names.set(handler, { idstr, instanceId });
  }
  return names;
}

export class Handlers {
  private readonly all: LoadedHandler[];
  private readonly oldNames: ReadonlyMap<DestinationHandler, OldName>;

  constructor(handlers: readonly DestinationHandler[]) {
    this.all = handlers.map((handler) => ({ handler, sectionId: 0, versionId: 0 }));
    this.oldNames = oldNames(handlers);
  }

  /** By what a START or FULL says. */
  find(idstr: string, instanceId: number): LoadedHandler | undefined {
    return this.all.find(({ handler }) => {
      const name = handler.idstr === idstr ? handler : this.oldNames.get(handler);
      if (name?.idstr !== idstr) return false;
      return name.instanceId === instanceId || (handler.kind === 'vmsd' && instanceId === aliasOf(handler));
    });
  }

  /** One more, of which nobody knows whether the destination has it. */
  suppose(handler: DestinationHandler): LoadedHandler {
    const loaded = { handler, sectionId: 0, versionId: 0 };
    this.all.push(loaded);
    return loaded;
  }

  /** By what a PART or END says. */
  bySection(sectionId: number): LoadedHandler | undefined {
    return this.all.find((handler) => handler.sectionId === sectionId);
  }
}
