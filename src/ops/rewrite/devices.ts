// Edits inside device payloads: fields, bytes, subsections, by path. Only the vmdescription says what the bytes are, and
// it stands at the end: so the device part is held back, up to MAX_HELD bytes, until it has come. RAM never is.
// May import vmstate and its own folder.

import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import { MAX_HELD } from '../../limits.js';
import type { StreamEvent } from '../../stream/event.js';
import { decodeDevice, DeviceEdit, findNodes, parseSchema, type Branch, type DeviceSchema, type DeviceState, type FieldChange, type FieldNode } from '../../vmstate/index.js';
import type { SectionHeader } from '../../wire/section.js';
import { EditError, type Edit } from './edit.js';
import { editsOf, type Plan, type Transform } from './transform.js';

const kinds = ['set', 'set-bytes', 'insert-bytes', 'append-bytes', 'delete-bytes', 'drop-subsection'] as const;
type FieldEdit = Extract<Edit, { edit: (typeof kinds)[number] }>;
type PayloadEvent = Extract<StreamEvent, { kind: 'payload' }>;

export function deviceEdits(plan: Plan): Transform | undefined {
  const edits = editsOf(plan, ...kinds);
  if (edits.length === 0) return undefined;
  return async function* devices(events) {
    const held = new HeldBack();
    let described = false;
    for await (const event of events) {
      if (described || !held.takes(event)) {
        yield event;
        continue;
      }
      if (event.kind !== 'vmdescription') {
        held.add(event);
        continue;
      }
      described = true;
      yield* edited(plan, edits, held.events, event.json);
      held.events.length = 0;
      yield event;
    }
    if (!described) throw new EditError('refused', 'without a vmdescription nothing says what the bytes of devices are', 'it stands at the end of a stream; QEMU leaves it out with suppress-vmdesc=on, and in postcopy');
    yield* held.events;
  };
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
    if (event.kind === 'pages' || event.kind === 'mapped-area') throw new EditError('refused', 'RAM comes after devices in this stream (postcopy, or a device that is set up early), and RAM is not held back');
    this.size += event.span.end - event.span.start;
    if (this.size > MAX_HELD) throw new EditError('refused', `more than ${MAX_HELD} bytes of devices, too many to be held back`);
    const loan = event.kind === 'payload' || event.kind === 'trailing';
    this.events.push(loan ? { ...event, bytes: event.bytes.slice() } : event);
  }
}

function* edited(plan: Plan, edits: readonly FieldEdit[], held: readonly StreamEvent[], json: Uint8Array): Generator<StreamEvent> {
  const described = new Map<string, DeviceSchema[]>();
  for (const device of schemaOf(json)) {
    const key = `${device.instanceId}/${device.name}`;
    described.set(key, [...(described.get(key) ?? []), device]);
  }
  let section: SectionHeader | undefined;
  let payload: PayloadEvent[] = [];
  for (const event of held) {
    if (event.kind === 'section-open') section = event.type === 'full' ? event.section : undefined;
    if (event.kind !== 'payload' || section === undefined) {
      yield event;
      continue;
    }
    payload.push(event);
    if (!event.last) continue;
    const devices = described.get(`${section.instanceId}/${section.idstr}`) ?? [];
    const [device] = devices;
    const after = device === undefined ? undefined : editDevice(plan, edits, device, payload);
    if (after === undefined) yield* payload;
    else {
      if (devices.length > 1) throw new EditError('refused', `there are ${devices.length} sections ${quote(section.idstr)} ${section.instanceId}: which is meant?`);
      const { start } = payload[0]!.span;
      yield { ...event, bytes: after, span: { start, end: event.span.end } };
    }
    payload = [];
  }
  yield* payload;
}

function schemaOf(json: Uint8Array): readonly DeviceSchema[] {
  try {
    return parseSchema(json).devices;
  } catch (error) {
    if (!(error instanceof MigrationStreamError)) throw error;
    throw new EditError('refused', `nothing says what the bytes of devices are: the vmdescription ${error.message}`);
  }
}

/** The new payload; undefined when no edit means this device. */
function editDevice(plan: Plan, edits: readonly FieldEdit[], device: DeviceSchema, payload: readonly PayloadEvent[]): Uint8Array | undefined {
  const bytes = payload.length === 1 ? payload[0]!.bytes : new Uint8Array(Buffer.concat(payload.map((event) => event.bytes)));
  const state = decodeDevice(device, bytes, payload[0]!.span.start);
  const edit = new DeviceEdit(state);
  const meant = new Map<string, FieldEdit>();
  try {
    for (const one of edits) {
      for (const node of one.edit === 'drop-subsection' ? subsectionsOf(state, one.path) : findNodes([state], one.path)) {
        plan.matched(one);
        meant.set(node.fullPath, one);
        change(edit, node, one);
      }
    }
    if (edit.empty) return undefined;
    const after = edit.apply();
    for (const field of after.changes) note(plan, meant.get(field.path), field);
    if (after.device !== device) plan.devices.push(after.device);
    return after.bytes;
  } catch (error) {
    if (!(error instanceof MigrationStreamError) || error.code !== 'cannot-encode') throw error;
    throw new EditError('refused', error.message);
  }
}

function change(edit: DeviceEdit, node: FieldNode, one: FieldEdit): void {
  switch (one.edit) {
    case 'set':
      return edit.set(node, one.value);
    case 'set-bytes':
      return edit.setBytes(node, one.bytes);
    case 'insert-bytes':
      return edit.insertBytes(node, one.bytes);
    case 'append-bytes':
      return edit.insertBytes(node, one.bytes, 'after');
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
  const hex = (bytes: Uint8Array): string => (bytes.length > SHOWN ? `${Buffer.from(bytes.subarray(0, SHOWN)).toString('hex')}… (${bytes.length} bytes)` : bytes.length === 0 ? 'nothing' : Buffer.from(bytes).toString('hex'));
  plan.note({
    edit: edit?.edit ?? 'agreement',
    span: { start: field.offset, end: field.offset + field.before.length },
    what: edit?.edit === 'insert-bytes' ? `before ${field.path}` : edit?.edit === 'append-bytes' ? `behind ${field.path}` : field.path,
    before: field.values === undefined ? hex(field.before) : String(before),
    after: field.values === undefined ? hex(field.after) : String(after),
    why: field.before.length === field.after.length ? 'asked for' : 'the destination reads the fields and subsections that its own release has',
  });
}
