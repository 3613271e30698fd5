// One load in progress: the file, the destination, what has been printed, and what QEMU keeps between sections.

import {
  DeviceEntries,
  vmsdSize,
  type DescriptionSchema,
  type DeviceSchema,
  type VmsdSchema,
} from '../../vmstate/index.js';
import {
  errnoOf,
  formatMessage,
  loadFailed,
  wordingOf,
  type Errno,
  type MessageId,
  type MessageValues,
} from '../../release/messages/index.js';
import type { EndingId } from '../../release/causes/rows.js';
import type { SilentId } from '../../release/causes/silent.js';
import { behaves, type BehaviourName } from '../../release/behaviours.js';
import type { Inflate } from '../../ram/page-decoder.js';
import type { Receiver } from '../destination.js';
import type { ValueToLoad } from '../tables/value-to-load.js';
import type { QemuFile } from './qemu-file.js';
import { Ending, Refusal } from '../refusal.js';

/** Lines that a prediction leaves out, as those are that it is compared with. */
const WARNING = 'warning: ';

/** QEMU: PostcopyState. */
export const postcopy = { none: 0, advise: 1, discard: 2, listening: 3, running: 4, end: 5 } as const;

/** Reads one value of a field. QEMU: VMStateInfo.get. */
export type LoadType = (incoming: Incoming, file: QemuFile, value: ValueToLoad) => Promise<void>;

export class Incoming {
  readonly destination: Receiver;
  /** By the type of a field: what reads more than one number or buffer. */
  readonly types: ReadonlyMap<string, LoadType>;
  /** Printed so far. */
  readonly lines: string[] = [];
  readonly unknowns = new Set<string>();
  /** Bytes of the file before the stream: mapped-ram offsets count from the start of the file. */
  mappedBase = 0;
  /** Absent: nobody here can look into compressed pages. */
  inflate: Inflate | undefined;
  /** Where in the grammar. */
  readonly path: string[] = [];
  postcopyState: number = postcopy.none;
  returnPath = false;
  /** ENABLE_COLO was taken. */
  colo = false;
  /** As `globalstate` has it: the VM is put into it in the end. */
  runState: string | undefined;
  /** What was first to go wrong, and where. */
  first:
    | {
        readonly id: EndingId;
        readonly values: MessageValues;
        readonly offset: number;
        readonly path: readonly string[];
      }
    | undefined;

  /** What the stream says of itself: the last resort where the destination's own layout is not known. */
  private readonly sender: DescriptionSchema | undefined;
  private readonly entries: DeviceEntries | undefined;
  /** The current section as the sender describes it. */
  sentDevice: DeviceSchema | undefined;

  constructor(destination: Receiver, sender: DescriptionSchema | undefined, types: ReadonlyMap<string, LoadType>) {
    this.destination = destination;
    this.sender = sender;
    this.types = types;
    this.entries = sender === undefined ? undefined : new DeviceEntries(sender);
  }

  /** Does the destination's release behave so? */
  behaves(name: BehaviourName): boolean {
    return behaves(this.destination.version, name);
  }

  private get release(): Receiver['version'] {
    return this.destination.version;
  }

  /** A section begins. */
  begin(idstr: string, instanceId: number): void {
    this.sentDevice = this.entries?.next({ idstr, instanceId });
  }

  /** Bytes of the current section's payload, as the sender says. */
  get sentSize(): number | undefined {
    return this.sentDevice === undefined ? undefined : vmsdSize(this.sentDevice.vmsd);
  }

  /** The first subsection of that name that the sender describes. */
  sentTable(name: string): VmsdSchema | undefined {
    for (const { vmsd } of this.sender?.devices ?? []) {
      const found = findTable(vmsd, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  on(capability: string): boolean {
    return this.destination.capabilities.get(capability) === true;
  }

  /** What was looked at when something first went wrong. */
  note(file: QemuFile, id: EndingId, values: MessageValues = {}): void {
    this.first ??= { id, values, offset: file.position, path: [...this.path] };
  }

  /** A line that ends nothing. A release without these words says none. */
  remark(id: MessageId, values: MessageValues = {}): void {
    const words = this.words(id, values);
    if (words?.link === false && !words.text.startsWith(WARNING)) this.lines.push(words.text);
  }

  /** What this release says, for a message that contains another. */
  say(id: MessageId, values: MessageValues): string {
    return formatMessage(id, this.release, values);
  }

  /** A line of something that went wrong; the refusal is another's. */
  print(file: QemuFile, id: MessageId, values: MessageValues = {}): void {
    this.note(file, id, values);
    this.remark(id, values);
  }

  /** The innermost word of a failure: a line, or a link of the chain, or none, as this release has it. */
  refuse(file: QemuFile, id: MessageId, values: MessageValues = {}, errno: Errno = errnoOf(id, this.release)): Refusal {
    this.print(file, id, values);
    const words = this.words(id, values);
    return new Refusal(errno, words?.link === true ? [words.text] : []);
  }

  /** A failure without a word of its own, in any release. */
  silent(file: QemuFile, errno: Errno, id: SilentId, values: MessageValues = {}): Refusal {
    this.note(file, id, values);
    return new Refusal(errno);
  }

  /** No answer: a signal, waiting for ever, or where nobody here can follow. */
  ends(file: QemuFile, verdict: Ending['verdict'], id: EndingId, values: MessageValues = {}): Ending {
    this.note(file, id, values);
    return new Ending(verdict);
  }

  /** What a layer adds on the way up: a line behind the others, or a link in front of the chain. */
  around(refusal: Refusal, id: MessageId, values: MessageValues = {}): void {
    const words = this.words(id, values);
    if (words?.link === true) refusal.links.unshift(words.text);
    else if (words !== undefined) this.lines.push(words.text);
  }

  /** The last line. */
  finish({ errno, links }: Refusal): void {
    this.lines.push(loadFailed(this.release, errno, links));
  }

  at<T>(label: string, work: () => Promise<T>): Promise<T> {
    this.path.push(label);
    return work().then((value) => {
      this.path.pop();
      return value;
    });
  }

  private words(id: MessageId, values: MessageValues): { readonly text: string; readonly link: boolean } | undefined {
    const wording = wordingOf(id, this.release);
    return wording === undefined
      ? undefined
      : { text: formatMessage(id, this.release, values), link: wording.as === 'link' };
  }
}

function findTable(table: VmsdSchema, name: string): VmsdSchema | undefined {
  for (const part of table.subsections) {
    const found = part.name === name ? part : findTable(part, name);
    if (found !== undefined) return found;
  }
  for (const field of table.fields) {
    const found = field.struct === undefined ? undefined : findTable(field.struct, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
