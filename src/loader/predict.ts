// What a QEMU will do with a stream: the bytes are read as that version reads them, with the destination's own layouts,
// until it is through or gives up.

import { Cursor } from '../bytes/cursor.js';
import type { ByteSource } from '../bytes/source.js';
import { ownDescription } from '../open/own-description.js';
import { formatMessage } from '../release/messages/index.js';
import { explained, sourceOf, type EndingId } from '../release/causes/rows.js';
import { machineInRelease } from '../release/machines.js';
import { versionText } from '../release/version.js';
import type { Destination } from '../destination/destination.js';
import type { Receiver } from './destination.js';
import { receiverOf } from './destination-of.js';
import { refusedByMonitor, type Transport } from './monitor.js';
import { Incoming } from './outer/incoming.js';
import { Loader } from './outer/loader.js';
import type { EndingExplanation, PredictedVerdict, Prediction } from './prediction.js';
import { QemuFile } from './outer/qemu-file.js';
import { Ending, Refusal } from './refusal.js';
import { typeLoaders } from './types.js';

export interface PredictOptions {
  /** Switched on or off at the destination, over what the destination has. */
  readonly capabilities?: Readonly<Record<string, boolean>>;
  /** Bytes of the file that the destination opens before the stream: the N of `file:PATH,offset=N`. Default 0. */
  readonly mappedBase?: number | undefined;
  /** Ends the work: what waits for it is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The URI that the destination gets. Default: `file:` for mapped-ram, else `exec:`. */
  readonly transport?: 'exec' | 'file' | undefined;
  /**
   * Decompresses a zlib stream of at most `limit` bytes; undefined when that fails. Absent: such pages are not looked
   * at.
   */
  readonly inflate?: ((body: Uint8Array, limit: number) => Uint8Array | undefined) | undefined;
}

/**
 * What the QEMU of `destination` will do with the stream. The source is closed.
 * @throws MigrationStreamError code `io` when it cannot be read, `not-seekable` for mapped-ram on a pipe
 */
export async function predict(
  source: ByteSource,
  destination: Destination,
  options: PredictOptions = {},
): Promise<Prediction> {
  const receiver = receiverOf(destination, options.capabilities);
  const absent = destination.known['machine'] === 'unknown' ? withoutMachine(receiver) : undefined;
  const unread = absent ?? refusedBefore(receiver, options.transport);
  if (unread === undefined) return simulate(source, receiver, options);
  await source.close();
  return unread;
}

/**
 * Reads `source` as the destination would. The source is closed.
 * @throws MigrationStreamError code `io` when it cannot be read, `not-seekable` for mapped-ram on a pipe
 */
async function simulate(source: ByteSource, destination: Receiver, options: PredictOptions): Promise<Prediction> {
  const cursor = new Cursor(source, { signal: options.signal });
  try {
    const sender = await ownDescription(source, { signal: options.signal });
    const incoming = new Incoming(destination, sender.description?.value, typeLoaders);
    incoming.mappedBase = options.mappedBase ?? 0;
    incoming.inflate = options.inflate;
    return await load(cursor, incoming);
  } finally {
    await cursor.close();
  }
}

async function load(cursor: Cursor, incoming: Incoming): Promise<Prediction> {
  const file = new QemuFile(cursor);
  let verdict: PredictedVerdict = 'loads';
  let end: number | undefined;
  try {
    await new Loader(incoming).load(file);
  } catch (error) {
    if (error instanceof Refusal) {
      verdict = 'rejected';
      incoming.finish(error);
    } else if (error instanceof Ending) {
      verdict = error.verdict;
    } else {
      throw error;
    }
    end = incoming.first?.offset ?? file.position;
  }
  return {
    verdict,
    messages: incoming.lines.map(asTerminal),
    offset: end,
    path: verdict === 'loads' ? [] : (incoming.first?.path ?? incoming.path),
    explanation: verdict === 'loads' ? undefined : explanation(incoming),
    unknowns: [...incoming.unknowns],
  };
}

/** The monitor's own error, in place of a load. */
function refusedBefore(receiver: Receiver, transport?: Transport): Prediction | undefined {
  const answer = refusedByMonitor(
    receiver,
    transport ?? (receiver.capabilities.get('mapped-ram') === true ? 'file' : 'exec'),
  );
  if (answer === undefined) return undefined;
  const { id, values } = answer;
  const messages = [formatMessage(id, receiver.version, values)];
  const explanation = { id, ...explained(id, values), source: sourceOf(id) };
  return { verdict: 'rejected', messages, offset: undefined, path: [], explanation, unknowns: [] };
}

/** What the release tables say of a machine type that no QEMU was asked about. Undefined: nothing against it. */
function withoutMachine({ machine, version, architecture }: Receiver): Prediction | undefined {
  const answer = machineInRelease(machine, version, architecture);
  const values = { machine, release: versionText(version) };
  switch (answer.kind) {
    case 'newer':
      return unread('rejected', 'machine-not-yet', { ...values, first: versionText(answer.since) }, answer.inferred);
    case 'gone': {
      const last = answer.until === undefined ? 'not known' : versionText(answer.until);
      return unread('rejected', 'machine-removed', { ...values, last }, answer.inferred);
    }
    case 'distribution':
      return unread('unknown', 'machine-of-distribution', values, false);
    default:
      return undefined;
  }
}

/** The stream is not read: the destination does not start with that machine type. */
function unread(
  verdict: 'rejected' | 'unknown',
  id: EndingId,
  values: Readonly<Record<string, string>>,
  inferred: boolean,
): Prediction {
  const unknowns: string[] = [];
  if (verdict === 'unknown') unknowns.push(`which QEMU has the machine type ${values['machine']}`);
  if (inferred)
    unknowns.push(
      `the list of machine types of QEMU ${values['release']}: that it lacks ${values['machine']} follows from QEMU's own rule`,
    );
  const explanation = { id, ...explained(id, values), source: sourceOf(id) };
  return { verdict, messages: [], offset: undefined, path: [], explanation, unknowns };
}

/** Verify itself need not be advised. */
function explanation({ first }: Incoming): EndingExplanation | undefined {
  if (first === undefined) return undefined;
  const { id, values } = first;
  const { cures, ...row } = explained(id, values);
  return {
    id,
    ...row,
    cures: cures.filter((cure) => typeof cure === 'string' || cure.code !== 'verify'),
    source: sourceOf(id),
  };
}

/** Names are bytes here; whoever reads stderr sees UTF-8. */
function asTerminal(line: string): string {
  return new TextDecoder().decode(Uint8Array.from(line, (char) => char.charCodeAt(0)));
}
