// Edits inside device payloads: fields, bytes, subsections, by path. What the bytes are says the vmdescription, and it
// stands at the end: so the device part is held back, up to MAX_HELD bytes, until it has come. RAM never is. Where a
// file has none, layouts learned elsewhere are there from the start.

import { Refused } from '../../base/refused.js';
import { concatBytes, hexDigits } from '../../base/bytes.js';
import { MigrationStreamError } from '../../base/errors.js';
import { MAX_HELD } from '../../limits.js';
import type { StreamEvent } from '../../stream/event.js';
import {
  DeviceEdit,
  findNodes,
  type Branch,
  type DeviceState,
  type FieldChange,
  type FieldNode,
} from '../../vmstate/index.js';
import type { SectionHeader } from '../../wire/section.js';
import { OwnLayouts, readSchema } from '../devices/own-layouts.js';
import { streamDevice, type StreamDevice } from '../devices/stream-device.js';
import type { Edit } from './edit.js';
import { editsOf, type Plan, type Transform } from './transform.js';
import { UniqueTargets } from './unique-targets.js';

const kinds = ['set', 'set-bytes', 'insert-bytes', 'append-bytes', 'delete-bytes', 'drop-subsection'] as const;
type FieldEdit = Extract<Edit, { edit: (typeof kinds)[number] }>;
type PayloadEvent = Extract<StreamEvent, { kind: 'payload' }>;

const UNDESCRIBED = 'the stream has no vmdescription';

export function deviceEdits(plan: Plan): Transform | undefined {
  const edits = editsOf(plan, ...kinds);
  if (edits.length === 0) return undefined;
  return async function* devices(events) {
    const editor = new Editor(plan, edits);
    const held = new HeldBack();
    const release = function* (layouts: OwnLayouts): Generator<StreamEvent> {
      editor.layouts = layouts;
      editor.check(held.events);
      for (const event of held.events.splice(0)) yield* editor.take(event);
    };
    // Nothing to wait for.
    if (plan.layouts !== undefined && plan.described === false) editor.layouts = new OwnLayouts(UNDESCRIBED);
    for await (const event of events) {
      if (editor.layouts !== undefined) yield* editor.take(event);
      else if (!held.takes(event)) yield event;
      else if (event.kind === 'vmdescription') {
        yield* release(describedBy(plan, event.json));
        yield event;
      } else if ((event.kind === 'pages' || event.kind === 'mapped-area') && plan.layouts !== undefined) {
        yield* release(new OwnLayouts('RAM comes before its vmdescription'));
        yield event;
      } else held.add(event);
    }
    if (editor.layouts === undefined) {
      if (plan.layouts === undefined)
        throw new Refused('refused', 'without a vmdescription nothing says what the bytes of devices are', {
          code: 'schema-from',
        });
      yield* release(new OwnLayouts(UNDESCRIBED));
    }
  };
}

function describedBy(plan: Plan, json: Uint8Array): OwnLayouts {
  const schema = readSchema(json);
  if (typeof schema === 'string' && plan.layouts === undefined)
    throw new Refused('refused', `nothing says what the bytes of devices are: ${schema}`);
  return new OwnLayouts(schema);
}

/** What comes from the first device on. */
class HeldBack {
  readonly events: StreamEvent[] = [];
  private size = 0;
  private open = false;

  takes(event: StreamEvent): boolean {
    this.open ||= event.kind === 'section-open' && event.type === 'full';
    return this.open;
  }

  add(event: StreamEvent): void {
    if (event.kind === 'pages' || event.kind === 'mapped-area') {
      throw new Refused(
        'refused',
        'RAM comes after devices in this stream (postcopy, or a device that is set up early), and RAM is not held back',
        { code: 'schema-from' },
      );
    }
    this.size += event.span.end - event.span.start;
    if (this.size > MAX_HELD)
      throw new Refused('refused', `more than ${MAX_HELD} bytes of devices, too many to be held back`);
    const loan = event.kind === 'payload' || event.kind === 'trailing';
    this.events.push(loan ? { ...event, bytes: event.bytes.slice() } : event);
  }
}

class Editor {
  /** Undefined: not known yet. */
  layouts: OwnLayouts | undefined;
  private readonly plan: Plan;
  private readonly edits: readonly FieldEdit[];
  private readonly targets = new UniqueTargets();
  private section: SectionHeader | undefined;
  private payload: PayloadEvent[] = [];
  /** Devices that were decoded to be checked, by the last event of their payload. */
  private readonly checked = new Map<StreamEvent, StreamDevice>();

  constructor(plan: Plan, edits: readonly FieldEdit[]) {
    this.plan = plan;
    this.edits = edits;
  }

  /** Before anything is edited: does each path mean one field? */
  check(events: readonly StreamEvent[]): void {
    for (const event of events) {
      const device = this.deviceAt(event);
      if (device === undefined) continue;
      this.checked.set(event, device);
      for (const edit of this.edits) this.targets.add(edit, device.state, nodesOf(device.state, edit));
    }
    this.targets.check();
  }

  *take(event: StreamEvent): Generator<StreamEvent> {
    const known = this.checked.get(event);
    const device = this.deviceAt(event) ?? known;
    if (event.kind !== 'payload' || this.section === undefined) {
      yield event;
      return;
    }
    if (!event.last) return;
    const parts = this.payload.splice(0);
    const after = device === undefined ? undefined : this.edited(known ?? device, known !== undefined);
    if (after === undefined) yield* parts;
    else yield { ...event, bytes: after, span: { start: parts[0]!.span.start, end: event.span.end } };
  }

  /** Follows the events; the device whose payload is whole with this one. */
  private deviceAt(event: StreamEvent): StreamDevice | undefined {
    if (event.kind === 'section-open') {
      this.section = event.type === 'full' ? event.section : undefined;
      this.payload.length = 0;
    }
    const { section, layouts } = this;
    if (event.kind !== 'payload' || section === undefined || layouts === undefined) return undefined;
    // Only what is edited at once may still be a loan.
    this.payload.push(event.last ? event : { ...event, bytes: event.bytes.slice() });
    if (!event.last || this.checked.has(event)) return undefined;
    const parts = this.payload;
    const bytes = parts.length === 1 ? event.bytes : concatBytes(parts.map((part) => part.bytes));
    const payload = { start: parts[0]!.span.start, end: event.span.end };
    return streamDevice(
      { section, span: payload, payload, boundary: event.boundary, depth: 0, bytes },
      layouts.next(section),
      this.plan.layouts,
    );
  }

  /** The new payload; undefined when no edit means this device. */
  private edited({ state }: StreamDevice, checked: boolean): Uint8Array | undefined {
    const { plan } = this;
    const edit = new DeviceEdit(state);
    const meant = new Map<string, FieldEdit>();
    try {
      for (const fieldEdit of this.edits) {
        const nodes = nodesOf(state, fieldEdit);
        if (!checked) {
          this.targets.add(fieldEdit, state, nodes);
          this.targets.check();
        }
        for (const node of nodes) {
          plan.matched(fieldEdit);
          meant.set(node.fullPath, fieldEdit);
          change(edit, node, fieldEdit);
        }
      }
      if (edit.empty) return undefined;
      const after = edit.apply();
      for (const field of after.changes) note(plan, meant.get(field.path), field);
      if (after.device !== state.device) plan.devices.push(after.device);
      return after.bytes;
    } catch (error) {
      if (!(error instanceof MigrationStreamError) || error.code !== 'cannot-encode') throw error;
      throw new Refused('refused', error.message);
    }
  }
}

function nodesOf(state: DeviceState, edit: FieldEdit): FieldNode[] {
  return edit.edit === 'drop-subsection' ? subsectionsOf(state, edit.path) : findNodes([state], edit.path);
}

function change(edit: DeviceEdit, node: FieldNode, fieldEdit: FieldEdit): void {
  switch (fieldEdit.edit) {
    case 'set':
      return edit.set(node, fieldEdit.value);
    case 'set-bytes':
      return edit.setBytes(node, fieldEdit.bytes);
    case 'insert-bytes':
      return edit.insertBytes(node, fieldEdit.bytes);
    case 'append-bytes':
      return edit.insertBytes(node, fieldEdit.bytes, 'after');
    case 'delete-bytes':
    case 'drop-subsection':
      return edit.deleteBytes(node);
  }
}

/** By name or by path; what stands in one that is found goes with it. */
function subsectionsOf(state: DeviceState, wanted: string): Branch[] {
  const found: Branch[] = [];
  const visit = (node: FieldNode): void => {
    if (node.kind === 'leaf') return;
    if (node.kind === 'subsection' && (node.name === wanted || node.fullPath === wanted)) found.push(node);
    else for (const child of node.children()) visit(child);
  };
  visit(state.root);
  return found;
}

const SHOWN = 24;

function note(plan: Plan, edit: FieldEdit | undefined, field: FieldChange): void {
  const [before, after] = field.values ?? [];
  const hex = (bytes: Uint8Array): string =>
    bytes.length > SHOWN
      ? `${hexDigits(bytes.subarray(0, SHOWN))}… (${bytes.length} bytes)`
      : bytes.length === 0
        ? 'nothing'
        : hexDigits(bytes);
  plan.note({
    edit: edit?.edit ?? 'agreement',
    span: { start: field.offset, end: field.offset + field.before.length },
    what:
      edit?.edit === 'insert-bytes'
        ? `before ${field.path}`
        : edit?.edit === 'append-bytes'
          ? `behind ${field.path}`
          : field.path,
    before: field.values === undefined ? hex(field.before) : String(before),
    after: field.values === undefined ? hex(field.after) : String(after),
    why:
      field.before.length === field.after.length
        ? 'asked for'
        : 'the destination reads the fields and subsections that its own release has',
  });
}
