// The few devices whose payload verify looks into: the run state that QEMU would take over, and what a template hands
// on to all its clones. Payloads of others are not kept.

import { latin1 } from '../../bytes/window.js';
import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import { decodeDevice, macText, meaningOf } from '../../devices/index.js';
import { DeviceEntries, findInDevice, parseSchema, type DeviceState, type FieldNode } from '../../vmstate/index.js';
import { MAX_DEVICE_BYTES } from '../../limits.js';
import { FullSections, type FullSection } from '../../open/full-sections.js';
import type { StreamEvent } from '../../stream/event.js';
import { runStates } from '../../release/run-states.js';
import { pluggedMemory, VIRTIO_MEM, type PluggedMemory } from '../devices/virtio-mem.js';
import { finding, type Finding } from './codes.js';

/** Older QEMUs had `preconfig` as well; a loader refuses any other. QEMU: global_state_post_load(). */
const readable = (name: string): boolean => runStates.has(name) || name === 'preconfig';

const MAC_SIZE = 6;

/** The last word of an idstr, and where in the device the guest's address is. */
const MACS: readonly (readonly [device: RegExp, path: string])[] = [
  [/(?:^|\/)virtio-net$/, 'virtio.device.mac'],
  [/(?:^|\/)virtio-net$/, 'virtio.config.mac'],
  [/(?:^|\/)(?:e1000e|igb)$/, 'core.permanent_mac'],
  [/(?:^|\/)rtl8139$/, 'phys'],
];
const LOOKED_AT = /(?:^|\/)(?:globalstate|virtio-net|e1000e|igb|rtl8139|vhost-vsock|virtio-vhost_vsock|mc146818rtc)$/;

const MAX_DEVICES = 256;

export class DeviceCheck {
  private readonly full: FullSections = new FullSections({
    limit: MAX_DEVICE_BYTES,
    wants: ({ idstr }) => (LOOKED_AT.test(idstr) || VIRTIO_MEM.test(idstr)) && this.full.whole.length < MAX_DEVICES,
  });

  observe(event: StreamEvent): void {
    this.full.observe(event);
  }

  /** `json`: the vmdescription, where there is one. */
  finish(json: Uint8Array | undefined): Finding[] {
    const findings = this.full.whole.flatMap(({ section, payload, bytes }) =>
      section.idstr === 'globalstate' && bytes !== undefined ? checkRunState(bytes, payload.start) : [],
    );
    return [...findings, ...hygiene(this.states(json))];
  }

  /** Which memory of virtio-mem devices is plugged in; empty where nothing describes them. */
  plugged(json: Uint8Array | undefined): PluggedMemory[] {
    return pluggedMemory(this.states(json));
  }

  private states(json: Uint8Array | undefined): DeviceState[] {
    const described = this.full.whole.filter(({ section }) => section.idstr !== 'globalstate');
    return described.length === 0 || json === undefined ? [] : decoded(json, described);
  }
}

/** be32 length, then the name in (at least) 32 bytes; the length is never looked at. */
function checkRunState(payload: Uint8Array, offset: number): Finding[] {
  const at = { offset, path: ['section "globalstate"'] };
  const text = latin1(payload.subarray(4, 36), 0, payload.subarray(4, 36).length);
  const name = text.includes('\0') ? text.slice(0, text.indexOf('\0')) : text;
  if (name === 'save-vm') return [finding('globalstate', { text: 'run state "save-vm": every QEMU aborts', ...at })];
  if (!readable(name)) return [finding('globalstate', { text: `run state ${quote(name)}, which no QEMU has`, ...at })];
  return [];
}

function decoded(json: Uint8Array, devices: readonly FullSection[]): DeviceState[] {
  try {
    const entries = new DeviceEntries(parseSchema(json));
    return devices.flatMap(({ section, payload, bytes }) => {
      const device = entries.next(section);
      return device === undefined || bytes === undefined ? [] : [decodeDevice(device, bytes, payload.start)];
    });
  } catch (error) {
    // What is wrong with the JSON has been said.
    if (error instanceof MigrationStreamError) return [];
    throw error;
  }
}

function hygiene(devices: readonly DeviceState[]): Finding[] {
  const findings: Finding[] = [];
  const macs = devices.flatMap((state) => {
    const found = MACS.flatMap(([device, path]) =>
      device.test(state.device.name) ? findInDevice(state, path).slice(0, 1) : [],
    )[0];
    if (found === undefined || found.bytes.length < MAC_SIZE) return [];
    return [`${macText(found.bytes.subarray(0, MAC_SIZE))} (${quote(state.device.name)})`];
  });
  if (macs.length > 0) findings.push(finding('mac-addresses', { text: `the state has ${macs.join(', ')}` }));
  for (const state of devices) {
    const { name } = state.device;
    if (/vsock$/.test(name)) {
      const cid = textOf(findInDevice(state, '*guest_cid')[0]);
      findings.push(
        finding('vsock-cid', {
          text: cid === undefined ? `there is a vsock device (${quote(name)})` : `guest CID ${cid} (${quote(name)})`,
          offset: state.base,
        }),
      );
    }
    if (name === 'mc146818rtc') {
      const node = findInDevice(state, 'cmos_data')[0];
      const date = node === undefined ? undefined : meaningOf(node)?.text;
      if (date !== undefined)
        findings.push(finding('clock', { text: `the guest's clock shows ${date}`, offset: state.base }));
    }
  }
  return findings;
}

function textOf(node: FieldNode | undefined): string | undefined {
  return node?.kind === 'leaf' && typeof node.value !== 'object' ? String(node.value) : undefined;
}
