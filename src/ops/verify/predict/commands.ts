// Commands: number, length, and what each one demands. QEMU: loadvm_process_command() and the handlers that it calls,
// migration/savevm.c. May import the predictor's own files.

import { postcopy, type Incoming } from './incoming.js';
import type { QemuFile } from './qemu-file.js';
import { EAGAIN, EINVAL, Ending, EPERM, ERANGE, Refusal } from './refusal.js';

const SWITCHOVER_START = 11;

/** QEMU: mig_cmd_args. Undefined length: it varies. */
const commands: readonly (readonly [name: string, length: number | undefined])[] = [
  ['INVALID', undefined],
  ['OPEN_RETURN_PATH', 0],
  ['PING', 4],
  ['POSTCOPY_ADVISE', undefined],
  ['POSTCOPY_LISTEN', 0],
  ['POSTCOPY_RUN', 0],
  ['POSTCOPY_RAM_DISCARD', undefined],
  ['PACKAGED', 4],
  ['ENABLE_COLO', 0],
  ['POSTCOPY_RESUME', 0],
  ['RECV_BITMAP', undefined],
  ['SWITCHOVER_START', 0],
];

type Loop = (file: QemuFile) => Promise<boolean>;

/** Answers whether the loops end here (POSTCOPY_RUN). @throws Refusal, Ending */
export async function loadCommand(incoming: Incoming, file: QemuFile, loop: Loop): Promise<boolean> {
  await file.want(4);
  const command = file.u16();
  const length = file.u16();
  if (file.error !== 0) {
    const refusal = incoming.silent(file, file.error, 'command-cut');
    incoming.before(refusal, 'command-cut', -file.error);
    throw refusal;
  }
  if (command === 0 || command >= Math.min(incoming.behaviour.commands, commands.length)) {
    throw incoming.refuse(file, EINVAL, 'command-unknown', command, length);
  }
  const [name, expected] = commands[command]!;
  incoming.path[incoming.path.length - 1] = `command ${name}`;
  if (expected !== undefined && expected !== length) throw incoming.refuse(file, ERANGE, 'command-length', name, expected, length);
  await file.want(Math.max(length, 4));
  switch (command) {
    case 1:
      if (incoming.returnPath) incoming.lines.push(incoming.words('return-path-open'));
      incoming.returnPath = true;
      return false;
    case 2: {
      const cookie = file.u32();
      if (!incoming.returnPath) throw incoming.refuse(file, EPERM, 'ping-no-return-path', cookie);
      return false;
    }
    case 3:
      advise(incoming, file, length);
      return false;
    case 4:
      listen(incoming, file);
      return false;
    case 5:
      return run(incoming, file);
    case 6:
      discard(incoming, file, length);
      return false;
    case 7:
      return packaged(incoming, file, loop);
    case 8:
      return colo(incoming, file);
    case 9:
      // 11.1 makes a warning of it.
      if (incoming.destination.version < 110000) incoming.lines.push(incoming.words('resume-illegal'));
      return false;
    case 10:
      receivedBitmap(incoming, file, length);
      return false;
    case SWITCHOVER_START:
    default:
      return false;
  }
}

/** QEMU: loadvm_postcopy_handle_advise(). */
function advise(incoming: Incoming, file: QemuFile, length: number): void {
  const before = incoming.postcopyState;
  incoming.postcopyState = postcopy.advise;
  if (before !== postcopy.none) throw incoming.refuse(file, EPERM, 'advise-state', before);
  const ram = incoming.on('postcopy-ram');
  if (length === 0) {
    if (ram) throw incoming.refuse(file, EINVAL, 'advise-empty');
    return;
  }
  if (length !== 16) throw incoming.refuse(file, EINVAL, 'advise-length', length);
  if (!ram) throw incoming.refuse(file, EINVAL, 'advise-full');
  const theirs = file.u64();
  const ours = incoming.destination.blocks.reduce((all, { pageSize }) => all | BigInt(pageSize), 0n);
  if (theirs !== ours) throw incoming.refuse(file, EPERM, 'advise-page-sizes', theirs, ours);
  const target = file.u64();
  if (target !== BigInt(2 ** incoming.destination.pageBits)) {
    throw incoming.refuse(file, EPERM, 'advise-target-page', BigInt.asIntN(32, target), 2 ** incoming.destination.pageBits);
  }
}

/** QEMU: loadvm_postcopy_handle_listen(). */
function listen(incoming: Incoming, file: QemuFile): void {
  const before = incoming.postcopyState;
  incoming.postcopyState = postcopy.listening;
  if (before !== postcopy.advise && before !== postcopy.discard) throw incoming.refuse(file, EPERM, 'listen-state', before);
  if (!incoming.on('postcopy-ram')) throw new Ending('unknown', 'listen-state');
  incoming.unknowns.add('whether the postcopy part is loaded: the rest of the stream is read by another thread, as pages are asked for');
}

function run(incoming: Incoming, file: QemuFile): boolean {
  if (incoming.postcopyState !== postcopy.listening) {
    const refusal = incoming.refuse(file, EPERM, 'run-state', incoming.postcopyState);
    if (incoming.behaviour.runAborts && !incoming.returnPath) throw new Ending('aborts', 'run-state');
    throw refusal;
  }
  incoming.postcopyState = postcopy.running;
  return true;
}

/** QEMU: loadvm_postcopy_ram_handle_discard(). */
function discard(incoming: Incoming, file: QemuFile, length: number): void {
  if (incoming.postcopyState === postcopy.advise) incoming.postcopyState = postcopy.discard;
  else if (incoming.postcopyState !== postcopy.discard) throw incoming.refuse(file, EPERM, 'discard-state', incoming.postcopyState);
  if (length < 20) throw incoming.refuse(file, EPERM, 'discard-length', length);
  const version = file.u8();
  if (version !== 0) throw incoming.refuse(file, EPERM, 'discard-version', version);
  const block = file.counted();
  if (block.short || block.length === 0) throw incoming.refuse(file, EPERM, 'discard-id');
  const nil = file.u8();
  if (nil !== 0) throw incoming.refuse(file, EPERM, 'discard-nil', nil);
  // A uint16_t that may wrap.
  const left = (length - 3 - block.text.length) & 0xffff;
  if (left % 16 !== 0) throw incoming.refuse(file, EPERM, 'discard-length', left);
  for (let at = 0; at < left; at += 16) {
    file.u64();
    file.u64();
    if (!incoming.destination.blocks.some(({ name }) => name === block.text)) {
      const refusal = incoming.printed(file, EPERM, 'discard-block', block.text);
      incoming.before(refusal, 'discard-failed', block.text, -1);
      throw refusal;
    }
  }
}

/** QEMU: loadvm_handle_cmd_packaged(). */
async function packaged(incoming: Incoming, file: QemuFile, loop: Loop): Promise<boolean> {
  const length = file.u32();
  const { size } = file.cursor.source;
  const left = size === undefined ? length : size - file.position;
  if (left < length) throw incoming.refuse(file, EAGAIN, 'package-cut', left, length);
  const inner = file.package(length);
  const end = file.position + length;
  const ended = await loop(inner);
  await file.pass(Math.max(0, end - file.position));
  return ended;
}

/** QEMU: loadvm_process_enable_colo(). */
function colo(incoming: Incoming, file: QemuFile): boolean {
  if (incoming.behaviour.colo === 'deprecated') throw incoming.refuse(file, EINVAL, 'command-deprecated', 8, 0);
  if (incoming.behaviour.colo === 'needs-capability' && !incoming.on('x-colo')) throw incoming.printed(file, EINVAL, 'colo-off');
  incoming.colo = true;
  return false;
}

/** QEMU: loadvm_handle_recv_bitmap(). */
function receivedBitmap(incoming: Incoming, file: QemuFile, length: number): void {
  const block = file.counted();
  if (block.short || block.length === 0) throw incoming.refuse(file, EINVAL, 'bitmap-name');
  if (file.error !== 0) throw new Refusal(file.error, 'bitmap-name', '');
  if (length !== block.length + 1) throw incoming.refuse(file, EINVAL, 'bitmap-length', length);
  if (!incoming.destination.blocks.some(({ name }) => name === block.text)) throw incoming.refuse(file, EINVAL, 'bitmap-block', block.text);
  incoming.lines.push(incoming.words('bitmap-not-recovering'));
}
