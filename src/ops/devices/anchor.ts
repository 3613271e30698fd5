// Devices from the end of a file, without a look at RAM. The vmdescription names them in the order in which they were
// written, with their sizes, and stands right behind the EOF byte that ends them: so their places follow, and every
// header and footer is held against the bytes. Where one does not stand there nothing is guessed.

import { unlessBroken } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import { span, type Span } from '../../base/span.js';
import { Window } from '../../bytes/window.js';
import { readSource, type ByteSource } from '../../bytes/source.js';
import { MAX_DEVICE_BYTES } from '../../limits.js';
import { vmsdSize, type DescriptionSchema, type DeviceSchema } from '../../vmstate/index.js';
import {
  SECTION_FOOTER_SIZE,
  sectionFooter,
  sectionHeader,
  sectionType,
  type SectionHeader,
} from '../../wire/section.js';

/** A FULL section that stands where the vmdescription puts it. */
export interface Placed {
  readonly device: DeviceSchema;
  readonly section: SectionHeader;
  readonly span: Span;
  readonly payload: Span;
  /** Undefined: not kept, since it and those before it are more than MAX_DEVICE_BYTES. */
  readonly bytes: Uint8Array | undefined;
}

/** Of a FULL section: type byte and header. */
const headerSize = ({ name, instanceId }: DeviceSchema): number =>
  1 + sectionHeader.size({ sectionId: 0, idstr: name, instanceId, versionId: 0 });

/**
 * The sections behind which the vmdescription at `tail` stands, in stream order; a text says why they are not there.
 * Reads from the first of them to the EOF byte (headers and footers alone when that is too much), nothing else.
 * @throws MigrationStreamError code `io`
 */
export async function placeFromTail(
  source: ByteSource,
  tail: number,
  schema: DescriptionSchema,
): Promise<readonly Placed[] | string> {
  const sizes: number[] = [];
  for (const device of schema.devices) {
    const size = vmsdSize(device.vmsd);
    if (size === undefined) return `the vmdescription does not say how long ${quote(device.name)} is`;
    sizes.push(headerSize(device) + size);
  }
  const bare = sizes.reduce((sum, size) => sum + size, 0);
  const eof = tail - 1;
  let reason = '';
  for (const footer of [SECTION_FOOTER_SIZE, 0]) {
    const start = eof - bare - footer * sizes.length;
    if (start < 0) {
      reason ||= 'the vmdescription names more than there is';
      continue;
    }
    const placed = await place(new Region(source, span(start, tail)), schema.devices, sizes, footer);
    if (typeof placed !== 'string') return placed;
    // With footers is what nearly all streams are: what is missing then tells most.
    reason ||= placed;
  }
  return reason;
}

async function place(
  region: Region,
  devices: readonly DeviceSchema[],
  sizes: readonly number[],
  footerSize: number,
): Promise<readonly Placed[] | string> {
  await region.load();
  const { end } = region.span;
  const [eof] = await region.read(span(end - 1, end));
  if (eof !== sectionType.eof) return 'no EOF byte stands in front of the vmdescription';
  // Forward, since then every byte of the header is where the description puts it; the last section ends at the EOF
  // byte.
  const placed: Placed[] = [];
  let at = region.span.start;
  let kept = 0;
  for (const [index, device] of devices.entries()) {
    const payload = span(at + headerSize(device), at + sizes[index]!);
    const section = headerOf(await region.read(span(at, payload.start)), device);
    if (section === undefined) return `${quote(device.name)} does not stand where the vmdescription puts it`;
    if (footerSize > 0 && !endsWith(await region.read(span(payload.end, payload.end + footerSize)), section))
      return `no footer stands where ${quote(device.name)} should end`;
    const size = payload.end - payload.start;
    const bytes = kept + size <= MAX_DEVICE_BYTES ? await region.read(payload) : undefined;
    kept += bytes?.length ?? 0;
    placed.push({ device, section, span: span(at, payload.end + footerSize), payload, bytes });
    at = payload.end + footerSize;
  }
  return placed;
}

function headerOf(bytes: Uint8Array, { name, instanceId }: DeviceSchema): SectionHeader | undefined {
  if (bytes[0] !== sectionType.full) return undefined;
  const header = unlessBroken(() => sectionHeader.decode(Window.over(bytes.subarray(1))));
  return header?.idstr === name && header.instanceId === instanceId ? header : undefined;
}

function endsWith(bytes: Uint8Array, { sectionId }: SectionHeader): boolean {
  const footer = unlessBroken(() => sectionFooter.decode(Window.over(bytes)));
  return footer?.mark === sectionType.footer && footer.sectionId === sectionId;
}

/** A stretch of the source: in memory where it is small enough. */
class Region {
  readonly span: Span;
  private readonly source: ByteSource;
  private bytes: Uint8Array | undefined;

  constructor(source: ByteSource, where: Span) {
    this.source = source;
    this.span = where;
  }

  async load(): Promise<void> {
    const { start, end } = this.span;
    if (end - start <= MAX_DEVICE_BYTES) this.bytes = await this.fromSource(this.span);
  }

  async read(where: Span): Promise<Uint8Array> {
    return this.bytes?.subarray(where.start - this.span.start, where.end - this.span.start) ?? this.fromSource(where);
  }

  private async fromSource({ start, end }: Span): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - start);
    return bytes.subarray(0, await readSource(this.source, bytes, start));
  }
}
