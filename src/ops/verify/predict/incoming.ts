// One load in progress: the file, the destination, what has been printed, and what QEMU keeps between sections. May import the
// predictor's own files.

import { vmsdSize, type DescriptionSchema, type DeviceSchema, type VmsdSchema } from '../../../vmstate/index.js';
import type { Behaviour } from './behaviour.js';
import type { Destination } from './destination.js';
import type { QemuFile } from './qemu-file.js';
import { Refusal, strerror } from './refusal.js';
import { text, type TextId } from './texts.js';

type Values = readonly (string | number | bigint)[];

/** QEMU: PostcopyState. */
export const postcopy = { none: 0, advise: 1, discard: 2, listening: 3, running: 4, end: 5 } as const;

export class Incoming {
  readonly destination: Destination;
  readonly behaviour: Behaviour;
  /** Printed so far. */
  readonly lines: string[] = [];
  readonly unknowns = new Set<string>();
  /** Where in the grammar. */
  readonly path: string[] = [];
  postcopyState: number = postcopy.none;
  returnPath = false;
  /** ENABLE_COLO was taken. */
  colo = false;
  /** As `globalstate` has it: the VM is put into it in the end. */
  runState: string | undefined;
  /** The first message that was said: the cause in QEMU's view, and where. */
  first: { readonly id: TextId; readonly values: Values; readonly offset: number; readonly path: readonly string[] } | undefined;

  /** What the stream says of itself: the last resort where the destination's own layout is not known. */
  private readonly sender: DescriptionSchema | undefined;

  constructor(destination: Destination, behaviour: Behaviour, sender: DescriptionSchema | undefined) {
    this.destination = destination;
    this.behaviour = behaviour;
    this.sender = sender;
  }

  /** A device as the sender describes it. */
  sentDevice(idstr: string, instanceId = 0): DeviceSchema | undefined {
    return this.sender?.devices.find((one) => one.name === idstr && one.instanceId === instanceId);
  }

  /** Bytes of its payload. */
  sent(idstr: string, instanceId = 0): number | undefined {
    const device = this.sentDevice(idstr, instanceId);
    return device === undefined ? undefined : vmsdSize(device.vmsd);
  }

  /** The first subsection of that name that the sender describes. */
  sentTable(name: string): VmsdSchema | undefined {
    for (const { vmsd } of this.sender?.devices ?? []) {
      const found = findTable(vmsd, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  words(id: TextId, ...values: Values): string {
    return text(this.destination.version, id, ...values);
  }

  on(capability: string): boolean {
    return this.destination.capabilities.get(capability) === true;
  }

  /** What was looked at when QEMU first said something. */
  note(file: QemuFile, id: TextId, ...values: Values): void {
    this.first ??= { id, values, offset: file.position, path: [...this.path] };
  }

  /** A line on stderr, in every version. */
  print(file: QemuFile, id: TextId, ...values: Values): void {
    this.note(file, id, ...values);
    this.lines.push(this.words(id, ...values));
  }

  /** Prints a line and gives up: what code does that knows no chain (ram.c). */
  printed(file: QemuFile, errno: number, id: TextId, ...values: Values): Refusal {
    this.print(file, id, ...values);
    return new Refusal(errno, id, '');
  }

  /** The innermost word of a failure: a line up to 10.1, the end of the chain since. */
  refuse(file: QemuFile, errno: number, id: TextId, ...values: Values): Refusal {
    this.note(file, id, ...values);
    const words = this.words(id, ...values);
    if (!this.behaviour.chained) this.lines.push(words);
    return new Refusal(errno, id, words);
  }

  /** A failure without a word of its own. */
  silent(file: QemuFile, errno: number, id: TextId): Refusal {
    this.note(file, id);
    return new Refusal(errno, id, '');
  }

  /** What a layer adds on the way up, up to 10.1: a line behind the others. */
  after(id: TextId, ...values: Values): void {
    if (!this.behaviour.chained) this.lines.push(this.words(id, ...values));
  }

  /** What a layer puts before the chain, since 10.2. */
  before(refusal: Refusal, id: TextId, ...values: Values): void {
    if (this.behaviour.chained) refusal.chain = this.words(id, ...values) + refusal.chain;
  }

  /** The last line. */
  finish(refusal: Refusal): void {
    this.lines.push(this.words('load-failed', strerror(refusal.errno), refusal.chain).replace(/: $/, ''));
  }

  at<T>(label: string, work: () => Promise<T>): Promise<T> {
    this.path.push(label);
    return work().then((value) => {
      this.path.pop();
      return value;
    });
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
