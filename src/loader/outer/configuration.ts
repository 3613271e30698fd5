// The configuration section as a destination loads it: name, subsections in whatever order, and only then what is
// compared. QEMU: vmstate_configuration and its hooks, migration/savevm.c.

import { hexDigits } from '../../base/bytes.js';
import { latin1 } from '../../bytes/window.js';
import { MAX_FILL } from '../../limits.js';
import { validatedBy } from '../../release/capabilities.js';
import { hasFact } from '../../release/fact.js';
import { errnoNumber } from '../../release/messages/index.js';
import { records, type RecordName } from '../../release/records.js';
import type { Incoming } from './incoming.js';
import type { QemuFile } from './qemu-file.js';
import { Refusal } from '../refusal.js';
import { loadSubsections } from '../tables/subsections.js';
import { checkVersion, elementFailed, fieldDone } from '../tables/vmstate-errors.js';

const PARENT = 'configuration';

interface Received {
  machine: string;
  length: number;
  pageBits: number;
  capabilities: readonly string[];
}

export async function loadConfiguration(incoming: Incoming, file: QemuFile): Promise<void> {
  const received: Received = {
    machine: '',
    length: 0,
    pageBits: incoming.destination.legacyPageBits,
    capabilities: [],
  };
  await file.want(4);
  received.length = file.u32();
  fieldDone(incoming, file, PARENT, 'len');
  if (received.length >= 2 ** 31) hugeLength(incoming, file);
  // More than can be held at once is longer than any machine's name, so only its beginning is compared.
  const kept = Math.min(received.length, MAX_FILL - 1024);
  await file.want(kept);
  const bytes = file.take(kept);
  received.machine = latin1(bytes, 0, bytes.length).split('\0', 1)[0]!;
  await file.pass(received.length - kept);
  fieldDone(incoming, file, PARENT, 'name');
  const reads = (record: RecordName): boolean | undefined => hasFact(records[record], incoming.destination.version);
  await loadSubsections(incoming, file, PARENT, (name) => {
    switch (name) {
      case 'configuration/target-page-bits':
        return (version) => loadPageBits(incoming, file, name, version, received);
      case 'configuration/capabilities':
        return reads('capabilities') !== true
          ? undefined
          : (version) => loadCapabilities(incoming, file, name, version, received);
      case 'configuration/uuid':
        return reads('uuid') !== true ? undefined : (version) => loadUuid(incoming, file, name, version);
      default:
        return undefined;
    }
  });
  compare(incoming, file, received);
}

/** Up to 10.x GLib ends the process when memory for a negative length is asked for. */
function hugeLength(incoming: Incoming, file: QemuFile): void {
  if (incoming.behaves('huge-length-aborts')) throw incoming.ends(file, 'aborts', 'huge-length');
}

async function loadPageBits(
  incoming: Incoming,
  file: QemuFile,
  name: string,
  version: number,
  received: Received,
): Promise<void> {
  checkVersion(incoming, file, name, version, 1, 1);
  await file.want(4);
  received.pageBits = file.u32();
  fieldDone(incoming, file, name, 'target_page_bits');
  await loadSubsections(incoming, file, name, () => undefined);
}

async function loadCapabilities(
  incoming: Incoming,
  file: QemuFile,
  name: string,
  version: number,
  received: Received,
): Promise<void> {
  checkVersion(incoming, file, name, version, 1, 1);
  await file.want(4);
  const count = file.u32();
  fieldDone(incoming, file, name, 'caps_count');
  if (count >= 2 ** 31) hugeLength(incoming, file);
  const names: string[] = [];
  for (let i = 0; i < count; i += 1) {
    await file.want(256);
    const { text } = file.counted();
    if (!incoming.destination.capabilities.has(text)) {
      const refusal = incoming.refuse(file, 'unknown-capability', { capability: text });
      elementFailed(incoming, refusal, name, 'capability', 'capabilities');
      throw refusal;
    }
    // A list that goes on for ever has the same few names.
    if (!names.includes(text)) names.push(text);
    fieldDone(incoming, file, name, 'capabilities');
  }
  received.capabilities = names;
  await loadSubsections(incoming, file, name, () => undefined);
}

async function loadUuid(incoming: Incoming, file: QemuFile, name: string, version: number): Promise<void> {
  checkVersion(incoming, file, name, version, 1, 1);
  await file.want(16);
  const digits = hexDigits(file.take(16));
  fieldDone(incoming, file, name, 'uuid.data');
  await loadSubsections(incoming, file, name, () => undefined);
  const { uuid } = incoming.destination;
  if (uuid === undefined || uuid === digits) return;
  const refusal = incoming.refuse(file, 'uuid-mismatch', { received: dashed(digits), local: dashed(uuid) });
  incoming.around(refusal, 'post-load-ret', { vmsd: name, version: 1, minimum: 1, errno: errnoNumber('EINVAL') });
  throw refusal;
}

function dashed(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** QEMU: configuration_post_load(). */
function compare(incoming: Incoming, file: QemuFile, received: Received): void {
  const { destination } = incoming;
  try {
    // strncmp() with the received length: a shorter name passes.
    const most = received.length;
    if (
      received.machine.slice(0, most) !== destination.machine.slice(0, Math.max(most, 0)) ||
      received.machine.length < Math.min(most, destination.machine.length)
    ) {
      throw incoming.refuse(file, 'machine-type', { received: received.machine, local: destination.machine });
    }
    if (received.pageBits !== destination.pageBits)
      throw incoming.refuse(file, 'target-page-bits', { received: received.pageBits | 0, local: destination.pageBits });
    let different = false;
    for (const name of validatedBy(destination.version)) {
      const local = incoming.on(name);
      const sent = received.capabilities.includes(name);
      if (local === sent) continue;
      different = true;
      incoming.print(file, 'capability-mismatch', {
        capability: name,
        local: local ? 'on' : 'off',
        received: sent ? 'on' : 'off',
      });
    }
    if (different) throw incoming.refuse(file, 'capabilities-invalid');
  } catch (error) {
    if (error instanceof Refusal) incoming.around(error, 'post-load-failed', { vmsd: PARENT, version: 1, minimum: 0 });
    throw error;
  }
}
