// Commands: number, length, and what each one demands. QEMU: loadvm_process_command() and the handlers that it calls,
// migration/savevm.c.

import { hasFact, provenRange } from '../../release/fact.js';
import { errnoNumber } from '../../release/messages/index.js';
import { commands as history } from '../../release/records.js';
import { atLeast } from '../../release/version.js';
import { commandFacts, commandHeader, migCommand } from '../../wire/command.js';
import { postcopy, type Incoming } from './incoming.js';
import type { QemuFile } from './qemu-file.js';
import { Refusal } from '../refusal.js';

/** A command that a release no longer takes keeps its number. QEMU: MIG_CMD_MAX. */
function hasNumber({ destination }: Incoming, name: keyof typeof history): boolean {
  const { since } = provenRange(history[name]);
  return since === undefined || atLeast(destination.version, since);
}

type Loop = (file: QemuFile) => Promise<boolean>;

/** Answers whether the loops end here (POSTCOPY_RUN). @throws Refusal, Ending */
export async function loadCommand(incoming: Incoming, file: QemuFile, loop: Loop): Promise<boolean> {
  await file.want(commandHeader.maxSize);
  const command = file.u16();
  const length = file.u16();
  if (file.error !== undefined) throw incoming.refuse(file, 'command-unreadable', { errno: errnoNumber(file.error) });
  const known = commandFacts[command];
  if (known === undefined || !hasNumber(incoming, known.name))
    throw incoming.refuse(file, 'unknown-command', { command, length });
  const { name, lengths = [] } = known;
  incoming.path[incoming.path.length - 1] = `command ${name}`;
  // A command with several lengths checks its length in its own handler.
  const [expected] = lengths;
  if (expected !== undefined && lengths.length === 1 && expected !== length)
    throw incoming.refuse(file, 'command-length', { command: name, expected, length });
  await file.want(Math.max(length, 4));
  switch (command) {
    case migCommand.openReturnPath:
      if (incoming.returnPath) incoming.remark('return-path-twice');
      incoming.returnPath = true;
      return false;
    case migCommand.ping: {
      const cookie = file.u32();
      if (!incoming.returnPath) throw incoming.refuse(file, 'ping-without-return-path', { cookie });
      return false;
    }
    case migCommand.postcopyAdvise:
      advise(incoming, file, length);
      return false;
    case migCommand.postcopyListen:
      listen(incoming, file);
      return false;
    case migCommand.postcopyRun:
      return run(incoming, file);
    case migCommand.postcopyRamDiscard:
      discard(incoming, file, length);
      return false;
    case migCommand.packaged:
      return packaged(incoming, file, loop);
    case migCommand.enableColo:
      return colo(incoming, file);
    case migCommand.postcopyResume:
      incoming.remark('resume-illegal');
      return false;
    case migCommand.recvBitmap:
      receivedBitmap(incoming, file, length);
      return false;
    case migCommand.switchoverStart:
    default:
      return false;
  }
}

/** QEMU: loadvm_postcopy_handle_advise(). */
function advise(incoming: Incoming, file: QemuFile, length: number): void {
  const before = incoming.postcopyState;
  incoming.postcopyState = postcopy.advise;
  if (before !== postcopy.none) throw incoming.refuse(file, 'advise-state', { state: before });
  const ram = incoming.on('postcopy-ram');
  if (length === 0) {
    if (ram) throw incoming.refuse(file, 'advise-empty');
    return;
  }
  if (length !== 16) throw incoming.refuse(file, 'advise-length', { length });
  if (!ram) throw incoming.refuse(file, 'advise-unexpected');
  const sent = file.u64();
  const ours = incoming.destination.blocks.reduce((all, { pageSize }) => all | BigInt(pageSize), 0n);
  if (sent !== ours) throw incoming.refuse(file, 'advise-page-sizes', { received: sent, local: ours });
  const target = file.u64();
  if (target !== BigInt(2 ** incoming.destination.pageBits)) {
    throw incoming.refuse(file, 'advise-target-page', {
      received: BigInt.asIntN(32, target),
      local: 2 ** incoming.destination.pageBits,
    });
  }
}

/** QEMU: loadvm_postcopy_handle_listen(). */
function listen(incoming: Incoming, file: QemuFile): void {
  const before = incoming.postcopyState;
  incoming.postcopyState = postcopy.listening;
  if (before !== postcopy.advise && before !== postcopy.discard)
    throw incoming.refuse(file, 'listen-state', { state: before });
  if (!incoming.on('postcopy-ram')) throw incoming.ends(file, 'unknown', 'postcopy-part');
  incoming.unknowns.add(
    'whether the postcopy part is loaded: the rest of the stream is read by another thread, as pages are asked for',
  );
}

function run(incoming: Incoming, file: QemuFile): boolean {
  if (incoming.postcopyState !== postcopy.listening) {
    const refusal = incoming.refuse(file, 'run-state', { state: incoming.postcopyState });
    if (incoming.behaves('early-run-aborts') && !incoming.returnPath) throw incoming.ends(file, 'aborts', 'run-state');
    throw refusal;
  }
  incoming.postcopyState = postcopy.running;
  return true;
}

/** QEMU: loadvm_postcopy_ram_handle_discard(). */
function discard(incoming: Incoming, file: QemuFile, length: number): void {
  if (incoming.postcopyState === postcopy.advise) incoming.postcopyState = postcopy.discard;
  else if (incoming.postcopyState !== postcopy.discard)
    throw incoming.refuse(file, 'discard-state', { state: incoming.postcopyState });
  if (length < 20) throw incoming.refuse(file, 'discard-length', { length });
  const version = file.u8();
  if (version !== 0) throw incoming.refuse(file, 'discard-version', { version });
  const block = file.counted();
  if (block.short || block.length === 0) throw incoming.refuse(file, 'discard-name');
  const nil = file.u8();
  if (nil !== 0) throw incoming.refuse(file, 'discard-nil', { byte: nil });
  // A uint16_t that may wrap.
  const left = (length - 3 - block.text.length) & 0xffff;
  if (left % 16 !== 0) throw incoming.refuse(file, 'discard-length', { length: left });
  for (let at = 0; at < left; at += 16) {
    file.u64();
    file.u64();
    if (!incoming.destination.blocks.some(({ name }) => name === block.text)) {
      const refusal = incoming.refuse(file, 'discard-unknown-block', { block: block.text });
      incoming.around(refusal, 'discard-failed', { block: block.text, errno: errnoNumber('EPERM') });
      throw refusal;
    }
  }
}

/** QEMU: loadvm_handle_cmd_packaged(). */
async function packaged(incoming: Incoming, file: QemuFile, loop: Loop): Promise<boolean> {
  const length = file.u32();
  const { size } = file.cursor.source;
  const left = size === undefined ? length : size - file.position;
  if (left < length) throw incoming.refuse(file, 'packaged-short', { received: left, length });
  const inner = file.package(length);
  const end = file.position + length;
  const ended = await loop(inner);
  await file.pass(Math.max(0, end - file.position));
  return ended;
}

/** QEMU: loadvm_process_enable_colo(). */
function colo(incoming: Incoming, file: QemuFile): boolean {
  if (hasFact(history.ENABLE_COLO, incoming.destination.version) !== true)
    throw incoming.refuse(file, 'command-deprecated', { command: migCommand.enableColo, length: 0 });
  if (incoming.behaves('colo-needs-capability') && !incoming.on('x-colo')) throw incoming.refuse(file, 'colo-not-set');
  incoming.colo = true;
  return false;
}

/** QEMU: loadvm_handle_recv_bitmap(). */
function receivedBitmap(incoming: Incoming, file: QemuFile, length: number): void {
  const block = file.counted();
  if (block.short || block.length === 0) throw incoming.refuse(file, 'recv-bitmap-name');
  if (file.error !== undefined) throw new Refusal(file.error);
  if (length !== block.length + 1) throw incoming.refuse(file, 'recv-bitmap-length', { length });
  if (!incoming.destination.blocks.some(({ name }) => name === block.text))
    throw incoming.refuse(file, 'recv-bitmap-block', { block: block.text });
  incoming.remark('bitmap-only-recovery');
}
