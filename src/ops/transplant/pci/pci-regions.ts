// Where the destination of a trial shows the regions of its PCI devices, against the base addresses of the source: each
// at the source's address, none over another. Nothing here knows a device. QEMU: pci_bar_address(), hw/pci/pci.c;
// query-pci, qapi/pci.json.

import type { DeviceState, FieldNode } from '../../../vmstate/index.js';
import { cures } from '../merge/cures.js';
import type { Remark } from '../merge/ledger.js';
import { capabilitiesOf } from './pci-capabilities.js';
import { baseAddresses } from './pci-registers.js';
import { typeOf } from '../merge/rules.js';
import { placeOf } from '../stream/sections.js';

/** A region as a QEMU shows it. */
export interface PciRegion {
  /** As in front of a section's name: `0000:00:02.0`, behind a bridge `0000:00:01.0:00.0`. */
  readonly place: string;
  /** ROM for that of the expansion ROM. */
  readonly bar: number;
  readonly space: 'memory' | 'io';
  /** Undefined: not mapped. */
  readonly address: bigint | undefined;
  /** Bytes. */
  readonly size: bigint;
}

export interface JudgedRegions {
  /** Regions held against a base address of the source. */
  readonly compared: number;
  readonly wrong: readonly (Remark & { readonly path: string })[];
}

/** The expansion ROM's number among the base addresses. */
export const ROM = 6;

/** A path behind an expander bridge (pxb) has the bridge's own slot behind the bus, which query-pci does not show. */
const EXPANDED = /^([\da-f]{4}:(?!00)[\da-f]{2}):[\da-f]{2}\.[0-7](?=:)/;

/** Bytes that every configuration space has. */
const CONVENTIONAL = 0x100;
const POWER = 0x01;
const IO_DECODE = 1;
const MEMORY_DECODE = 2;
const LAST_32 = 0xffff_ffffn;
const LAST_64 = 0xffff_ffff_ffff_ffffn;

export function judgeRegions(source: readonly DeviceState[], shown: readonly PciRegion[]): JudgedRegions {
  const configs = new Map(
    source.flatMap(({ root, device }) => {
      const [place, config] = [placeOf(device.name), configIn(root, 0)];
      return place === undefined || config === undefined || config.bytes.length < CONVENTIONAL
        ? []
        : [[place, config] as const];
    }),
  );
  const wrong: (Remark & { readonly path: string })[] = [];
  let compared = 0;
  const expanded = new Map(
    [...configs].flatMap(([place, config]) =>
      EXPANDED.test(place) ? [[place.replace(EXPANDED, '$1'), config] as const] : [],
    ),
  );
  for (const region of shown) {
    const config = configs.get(region.place) ?? expanded.get(region.place);
    if (config === undefined) continue;
    compared += 1;
    const wanted = wantedAddress(config.bytes, region);
    if (wanted.includes(region.address)) continue;
    wrong.push({
      kind: 'conflict',
      grade: 'impossible',
      path: `${config.fullPath}.${region.bar === ROM ? 'rom' : `bar[${region.bar}]`}`,
      offset: config.span.start,
      before: addressText(wanted[0]),
      after: addressText(region.address),
      why: `the destination does not show this region of 0x${region.size.toString(16)} bytes where the source had it`,
      cure: cures.equal,
    });
  }
  return { compared, wrong: [...wrong, ...overlaps(shown)] };
}

function addressText(address: bigint | undefined): string {
  return address === undefined ? 'not mapped' : `0x${address.toString(16)}`;
}

function configIn(node: FieldNode, depth: number): FieldNode | undefined {
  if (typeOf(node) === 'pci config') return node;
  if (node.kind === 'leaf' || node.kind === 'array' || depth > 6) return undefined;
  for (const child of node.children()) {
    const found = configIn(child, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where the source's registers put it; several where QEMU's releases and machines differ. */
function wantedAddress(config: Uint8Array, { bar, space, size }: PciRegion): readonly (bigint | undefined)[] {
  const view = new DataView(config.buffer, config.byteOffset, config.length);
  if ((view.getUint16(0x04, true) & (space === 'io' ? IO_DECODE : MEMORY_DECODE)) === 0) return [undefined];
  const at = bar === ROM ? baseAddresses[view.getUint8(0x0e) & 1]!.rom : 0x10 + 4 * bar;
  const low = view.getUint32(at, true);
  if (bar === ROM && (low & 1) === 0) return [undefined];
  const wide = space === 'memory' && bar !== ROM && (low & 0x6) === 0x4;
  const value = BigInt(low) | (wide ? BigInt(view.getUint32(at + 4, true)) << 32n : 0n);
  const base = value & ~(size - 1n);
  // While its size is being asked for, a register holds ones. Address 0 is one on a few machines.
  if (base + size - 1n >= (wide ? LAST_64 : LAST_32)) return [undefined];
  if (base === 0n) return [undefined, 0n];
  const address = value & ~(space === 'io' ? 0x3n : bar === ROM ? 0x7ffn : 0xfn);
  // 10.1 and later do not map what has no power.
  const power = capabilitiesOf(view).find(({ id, extended }) => id === POWER && !extended);
  return power !== undefined && (view.getUint16(power.at + 4, true) & 3) !== 0 ? [address, undefined] : [address];
}

function overlaps(shown: readonly PciRegion[]): (Remark & { readonly path: string })[] {
  const mapped = shown.flatMap((region) =>
    region.address === undefined ? [] : [{ ...region, address: region.address, end: region.address + region.size }],
  );
  const wrong: (Remark & { readonly path: string })[] = [];
  const name = ({ place, bar }: PciRegion): string => `${place} ${bar === ROM ? 'ROM' : `base address ${bar}`}`;
  for (const space of ['memory', 'io'] as const) {
    const sorted = mapped
      .filter((region) => region.space === space)
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    let reach = sorted[0];
    for (const region of sorted.slice(1)) {
      if (region.address < reach!.end) {
        wrong.push({
          kind: 'conflict',
          grade: 'impossible',
          path: name(region),
          before: rangeText(region),
          after: rangeText(reach!),
          why: `overlaps ${name(reach!)} at the destination`,
          cure: cures.equal,
        });
      }
      if (region.end > reach!.end) reach = region;
    }
  }
  return wrong;
}

function rangeText({ address, end }: { readonly address: bigint; readonly end: bigint }): string {
  return `0x${address.toString(16)} to 0x${(end - 1n).toString(16)}`;
}
