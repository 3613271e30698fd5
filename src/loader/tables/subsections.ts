// How a loader finds out that a subsection follows, and whose it is. QEMU: vmstate_subsection_load(),
// migration/vmstate.c.

import { sectionType } from '../../wire/section.js';
import { subsectionHeader } from '../../wire/subsection.js';
import type { Incoming } from '../outer/incoming.js';
import type { QemuFile } from '../outer/qemu-file.js';
import { Refusal } from '../refusal.js';

/** Loads the subsection of that name; undefined: there is none of that name. */
export type LoadSubsection = (name: string) => ((versionId: number) => Promise<void>) | undefined;

/**
 * Loads subsections while there are any of `parent`: their name begins with the parent's and is longer, no slash is
 * asked for. Others are left for whoever comes next.
 */
export async function loadSubsections(
  incoming: Incoming,
  file: QemuFile,
  parent: string,
  find: LoadSubsection,
): Promise<void> {
  for (;;) {
    await file.want(subsectionHeader.maxSize);
    if (file.peek(0) !== sectionType.subsection) return;
    const length = file.peek(1);
    if (length < parent.length + 1) return;
    const whole = file.peekText(length, 2);
    if (whole.length !== length) return;
    // From here on it is a C string.
    const name = whole.split('\0', 1)[0]!;
    if (!name.startsWith(parent)) return;
    const load = find(name);
    if (load === undefined) {
      incoming.path.push(`subsection ${name}`);
      throw incoming.refuse(file, 'unknown-subsection', { subsection: name, vmsd: parent });
    }
    file.skip(2 + length);
    const versionId = file.u32() & 0xff;
    try {
      await incoming.at(`subsection ${name}`, () => load(versionId));
    } catch (error) {
      if (error instanceof Refusal) incoming.around(error, 'subsection-failed', { subsection: name, vmsd: parent });
      throw error;
    }
  }
}
