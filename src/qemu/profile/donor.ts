// What a QEMU saved of itself, read with our own reader: block list, sections in order with their payloads,
// vmdescription.

import { openFile } from '../../bytes/node/file-source.js';
import { openStream } from '../../open/open-stream.js';
import type { ProfileDevice } from '../../destination/profile.js';
import { PageIndex } from '../../ram/page-index.js';
import type { Configuration } from '../../wire/configuration.js';
import type { RamBlockEntry } from '../../wire/ram-block.js';
import type { SectionHeader } from '../../wire/section.js';

export interface Donor {
  /** Undefined when there is none. */
  readonly configuration: Configuration | undefined;
  readonly footers: boolean;
  readonly targetPageSize: number | undefined;
  /** The block list, and whether pages of the block came. */
  readonly blocks: readonly { readonly entry: RamBlockEntry; readonly sent: boolean }[];
  readonly devices: readonly ProfileDevice[];
  /** As it stands, one character a byte. */
  readonly vmdescription: string | undefined;
}

/** Reads a save. @throws MigrationStreamError */
export async function readDonor(file: string): Promise<Donor> {
  const stream = await openStream(await openFile(file));
  try {
    const index = new PageIndex();
    const blocks: RamBlockEntry[] = [];
    const devices: ProfileDevice[] = [];
    let configuration: Configuration | undefined;
    let footers = false;
    let targetPageSize = stream.description?.pageSize;
    let vmdescription: string | undefined;
    let payload: Buffer[] = [];
    for await (const event of stream.events()) {
      if (event.kind === 'configuration') configuration = event.configuration;
      else if (event.kind === 'ram-blocks') {
        blocks.push(...event.blocks);
        targetPageSize ??= event.targetPageSize;
      } else if (event.kind === 'pages') index.add(event.runs);
      else if (event.kind === 'section-open') {
        payload = [];
        if (event.type === 'start') devices.push(entered(event.section, true, ''));
      } else if (event.kind === 'payload') payload.push(Buffer.from(event.bytes));
      else if (event.kind === 'section-close') {
        footers ||= event.footer;
        const { sectionId } = event.section;
        if (!devices.some((device) => device.iterable && device.sectionId === sectionId)) {
          devices.push(entered(event.section, false, Buffer.concat(payload).toString('base64')));
        }
      } else if (event.kind === 'vmdescription') vmdescription = Buffer.from(event.json).toString('latin1');
    }
    const sent = (i: number): boolean => index.counts(i).bytes > 0;
    return {
      configuration,
      footers,
      targetPageSize,
      blocks: blocks.map((entry, i) => ({ entry, sent: sent(i) })),
      devices,
      vmdescription,
    };
  } finally {
    await stream.close();
  }
}

function entered(
  { idstr, instanceId, versionId, sectionId }: SectionHeader,
  iterable: boolean,
  payload: string,
): ProfileDevice {
  return { idstr, instanceId, versionId, sectionId, iterable, payload };
}
