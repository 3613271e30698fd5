// Sections: each as its header says, all of them against what the JSON at the tail lists. QEMU has no list of sections
// that must come, so what is missing only this finds.

import { quote } from '../../base/quote.js';
import type { DescriptionSchema } from '../../vmstate/index.js';
import { deviceKey, type SectionHeader, type SectionKind } from '../../wire/section.js';
import { finding, type Finding } from './codes.js';

interface Seen {
  readonly idstr: string;
  readonly instanceId: number;
  readonly offset: number;
}

/** Devices that one finding names. */
const MAX_NAMED = 8;

export class SectionCheck {
  readonly findings: Finding[] = [];
  ram = false;
  sections = 0;
  private readonly full: Seen[] = [];
  private readonly keys = new Set<string>();

  open(type: SectionKind, section: SectionHeader, offset: number): void {
    if (type === 'part' || type === 'end') return;
    this.sections += 1;
    const { idstr, instanceId, versionId } = section;
    const path = [`section ${section.sectionId} ${quote(idstr)}`];
    if (idstr === 'ram') {
      this.ram = true;
      if (instanceId !== 0)
        this.findings.push(
          finding('ram-instance', { text: `the ram section has instance ${instanceId}`, offset, path }),
        );
      if (versionId !== 4)
        this.findings.push(finding('ram-version', { text: `the ram section has version ${versionId}`, offset, path }));
    }
    if (type === 'start') return;
    const key = deviceKey(idstr, instanceId);
    if (this.keys.has(key))
      this.findings.push(
        finding('section-twice', { text: `${quote(idstr)} instance ${instanceId} comes twice`, offset, path }),
      );
    this.keys.add(key);
    this.full.push({ idstr, instanceId, offset });
  }

  has(idstr: string): boolean {
    return this.full.some((section) => section.idstr === idstr || section.idstr.endsWith(`/${idstr}`));
  }

  /** At the end of a whole stream. */
  finish(description: DescriptionSchema | undefined): Finding[] {
    if (this.full.length === 0) return [...this.findings, finding('no-devices', { text: 'no device came' })];
    const global = this.has('globalstate')
      ? []
      : [finding('no-globalstate', { text: 'there is no section globalstate' })];
    return [...this.findings, ...global, ...(description === undefined ? [] : this.compare(description))];
  }

  private compare(description: DescriptionSchema): Finding[] {
    const listed = description.devices.map(({ name, instanceId }) => ({ idstr: name, instanceId }));
    const left = new Set(listed.map((entry) => deviceKey(entry.idstr, entry.instanceId)));
    const missing = listed.filter((entry) => !this.keys.has(deviceKey(entry.idstr, entry.instanceId)));
    const extra = this.full.filter((section) => !left.has(deviceKey(section.idstr, section.instanceId)));
    const findings: Finding[] = [];
    if (missing.length > 0) findings.push(finding('device-missing', { text: `not there: ${named(missing)}` }));
    if (extra.length > 0)
      findings.push(finding('device-extra', { text: `not listed: ${named(extra)}`, offset: extra[0]!.offset }));
    if (missing.length + extra.length > 0) return findings;
    const wrong = this.full.find(
      (section, i) =>
        listed[i] !== undefined &&
        deviceKey(listed[i].idstr, listed[i].instanceId) !== deviceKey(section.idstr, section.instanceId),
    );
    if (wrong !== undefined && this.full.length === listed.length) {
      findings.push(
        finding('device-order', {
          text: `${named([wrong])} stands where the JSON lists ${named([listed[this.full.indexOf(wrong)]!])}`,
          offset: wrong.offset,
        }),
      );
    }
    return findings;
  }
}

function named(devices: readonly { readonly idstr: string; readonly instanceId: number }[]): string {
  const names = devices
    .slice(0, MAX_NAMED)
    .map(({ idstr, instanceId }) => (instanceId === 0 ? quote(idstr) : `${quote(idstr)} instance ${instanceId}`));
  return names.join(', ') + (devices.length > MAX_NAMED ? ` and ${devices.length - MAX_NAMED} more` : '');
}
