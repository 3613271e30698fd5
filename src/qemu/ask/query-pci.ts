// Where a QEMU has the regions of its PCI devices: query-pci as a flat list, each device by the path that its section
// has. QEMU: qmp_query_pci(), hw/pci/pci-qmp-cmds.c; pcibus_get_dev_path(), hw/pci/pci.c.

import type { PciRegion } from '../../ops/transplant/pci/pci-regions.js';
import type { Machine } from '../machine.js';
import { QmpError } from '../qmp/errors.js';

/** qapi/pci.json, as far as it is read. */
export interface PciDeviceInfo {
  readonly slot: number;
  readonly function: number;
  readonly regions: readonly {
    readonly bar: number;
    readonly type: string;
    /** -1: not mapped. */
    readonly address: number;
    readonly size: number;
  }[];
  readonly pci_bridge?: { readonly devices?: readonly PciDeviceInfo[] };
}

export interface PciBusInfo {
  readonly bus: number;
  readonly devices: readonly PciDeviceInfo[];
}

/** None where the machine has no PCI. @throws QemuDied, Timeout */
export async function queryRegions(machine: Machine): Promise<PciRegion[]> {
  try {
    return regionsOf(await machine.execute<readonly PciBusInfo[]>('query-pci'));
  } catch (error) {
    if (error instanceof QmpError) return [];
    throw error;
  }
}

export function regionsOf(buses: readonly PciBusInfo[]): PciRegion[] {
  const below = (path: string, devices: readonly PciDeviceInfo[]): PciRegion[] =>
    devices.flatMap((device) => {
      const place = `${path}:${hex(device.slot)}.${device.function}`;
      const regions = device.regions.map(({ bar, type, address, size }): PciRegion => ({
        place,
        bar,
        space: type === 'io' ? 'io' : 'memory',
        address: address < 0 ? undefined : BigInt(address),
        size: BigInt(size),
      }));
      return [...regions, ...below(place, device.pci_bridge?.devices ?? [])];
    });
  return buses.flatMap(({ bus, devices }) => below(`0000:${hex(bus)}`, devices));
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
