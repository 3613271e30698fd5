// Where the destination of a trial shows the regions of its PCI devices, against the base addresses of the source: each
// at the source's address, none over another. Nothing here knows a device. QEMU: pci_bar_address(), hw/pci/pci.c;
// query-pci, qapi/pci.json.

import { regionAddresses, ROM, type Region } from '../../../devices/pci/bars.js';
import { isConfigSize } from '../../../devices/pci/space.js';
import type { DeviceState, FieldNode } from '../../../vmstate/index.js';
import { cures } from '../merge/cures.js';
import type { Remark } from '../merge/ledger.js';
import { typeOf } from '../merge/rules.js';
import { placeOf } from '../stream/sections.js';

/** A region as a QEMU shows it. */
export interface PciRegion extends Region {
  /** As in front of a section's name: `0000:00:02.0`, behind a bridge `0000:00:01.0:00.0`. */
  readonly place: string;
  /** Undefined: not mapped. */
  readonly address: bigint | undefined;
}

export interface JudgedRegions {
  /** Regions held against a base address of the source. */
  readonly compared: number;
  readonly wrong: readonly (Remark & { readonly path: string })[];
}

/** A path behind an expander bridge (pxb) has the bridge's own slot behind the bus, which query-pci does not show. */
const EXPANDED = /^([\da-f]{4}:(?!00)[\da-f]{2}):[\da-f]{2}\.[0-7](?=:)/;

export function judgeRegions(source: readonly DeviceState[], shown: readonly PciRegion[]): JudgedRegions {
  const configs = new Map(
    source.flatMap(({ root, device }) => {
      const [place, config] = [placeOf(device.name), configIn(root, 0)];
      return place === undefined || config === undefined || !isConfigSize(config.bytes.length)
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
    const wanted = regionAddresses(config.bytes, region);
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
