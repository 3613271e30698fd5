// The outer loop: header, configuration, sections until EOF, and what is looked at afterwards. QEMU:
// qemu_loadvm_state() and qemu_loadvm_state_main(), migration/savevm.c.

import { DIRTY_BITMAP_IDSTR } from '../../wire/dirty-bitmap.js';
import { fileHeader, QEMU_VM_FILE_MAGIC, QEMU_VM_FILE_VERSION } from '../../wire/file-header.js';
import { SECTION_FOOTER_SIZE, sectionHeader, sectionType } from '../../wire/section.js';
import { errnoNumber, strerror, type Errno, type MessageId, type MessageValues } from '../../release/messages/index.js';
import { loadCommand } from './commands.js';
import { loadConfiguration } from './configuration.js';
import type { DestinationHandler } from '../destination.js';
import { loadDevice } from './devices.js';
import { Handlers, type LoadedHandler } from './handlers.js';
import { postcopy, type Incoming } from './incoming.js';
import { DirtyBitmapLoader } from './load-dirty-bitmap.js';
import type { QemuFile } from './qemu-file.js';
import { Refusal } from '../refusal.js';
import { RAM_VERSION, RamLoader } from '../ram/ram.js';

/** The version before QEMU 0.13. QEMU: QEMU_VM_FILE_VERSION_COMPAT, migration/savevm.c. */
const VERSION_BEFORE = 2;

/** Run states that a VM which is being loaded cannot go to. QEMU: runstate_transitions_def, softmmu/runstate.c. */
const forbidden: readonly string[] = ['debug', 'restore-vm', 'save-vm'];

export class Loader {
  readonly incoming: Incoming;
  private readonly handlers: Handlers;
  private readonly ram: RamLoader;
  private readonly bitmaps: DirtyBitmapLoader;

  constructor(incoming: Incoming) {
    this.incoming = incoming;
    this.handlers = new Handlers(incoming.destination.handlers);
    this.ram = new RamLoader(incoming);
    this.bitmaps = new DirtyBitmapLoader(incoming);
  }

  /** QEMU: qemu_loadvm_state(). @throws Refusal, Ending */
  async load(file: QemuFile): Promise<void> {
    const { incoming } = this;
    await this.header(file);
    await this.loop(file);
    if (incoming.postcopyState >= postcopy.listening) return;
    if (file.error !== undefined)
      throw incoming.refuse(file, 'loadvm-stream-error', { errno: errnoNumber(file.error) });
    await this.description(file);
    if (incoming.runState !== undefined && forbidden.includes(incoming.runState)) {
      incoming.remark('runstate-transition', { state: incoming.runState });
      throw incoming.ends(file, 'aborts', 'runstate-transition', { state: incoming.runState });
    }
    // The main loop leaves the rest to a postcopy thread that was never started, or waits for a COLO primary.
    if (incoming.colo || (incoming.postcopyState === postcopy.discard && incoming.behaves('discard-hangs'))) {
      throw incoming.ends(file, 'hangs', 'never-ends');
    }
  }

  /** Never fatal. */
  private async description(file: QemuFile): Promise<void> {
    const { incoming } = this;
    if (incoming.destination.suppressVmdescription) return;
    await file.want(1);
    const type = file.u8();
    if (type !== sectionType.vmdescription) incoming.remark('expected-vmdescription', { type });
  }

  private async header(file: QemuFile): Promise<void> {
    const { incoming } = this;
    await file.want(fileHeader.maxSize + 1);
    if (file.cursor.available === 0) throw incoming.ends(file, 'hangs', 'empty-file');
    const magic = file.u32();
    if (magic !== QEMU_VM_FILE_MAGIC)
      throw incoming.refuse(file, 'not-a-migration-stream', { magic, expected: QEMU_VM_FILE_MAGIC });
    const version = file.u32();
    if (version === VERSION_BEFORE) throw incoming.refuse(file, 'version-2');
    if (version !== QEMU_VM_FILE_VERSION)
      throw incoming.refuse(file, 'unsupported-version', { version, expected: QEMU_VM_FILE_VERSION });
    if (!incoming.destination.sendConfiguration) return;
    const type = file.u8();
    if (type !== sectionType.configuration)
      throw incoming.refuse(file, 'configuration-missing', { type, expected: sectionType.configuration });
    await incoming.at('configuration', () => loadConfiguration(incoming, file));
  }

  /** QEMU: qemu_loadvm_state_main(). True: POSTCOPY_RUN was met, all loops end. */
  async loop(file: QemuFile): Promise<boolean> {
    const { incoming } = this;
    for (;;) {
      await file.want(1 + sectionHeader.maxSize);
      const type = file.u8();
      if (file.error !== undefined) throw this.cutBetweenSections(file, file.error);
      switch (type) {
        case sectionType.start:
        case sectionType.full:
          await this.startOrFull(file);
          break;
        case sectionType.part:
        case sectionType.end:
          await this.partOrEnd(file);
          break;
        case sectionType.command:
          if (await incoming.at('command', () => loadCommand(incoming, file, (inner) => this.loop(inner)))) return true;
          break;
        case sectionType.eof:
          return false;
        default:
          throw incoming.refuse(file, 'unknown-section-type', { type });
      }
    }
  }

  private cutBetweenSections(file: QemuFile, errno: Errno): Refusal {
    const { incoming } = this;
    incoming.note(file, 'section-type-unreadable');
    const refusal = new Refusal(errno);
    incoming.around(refusal, 'channel-error', { error: strerror(errno) });
    incoming.around(refusal, 'section-type-unreadable', { errno: errnoNumber(errno) });
    return refusal;
  }

  /** QEMU: qemu_loadvm_section_start_full(). */
  private async startOrFull(file: QemuFile): Promise<void> {
    const { incoming } = this;
    const sectionId = file.u32();
    const idstr = file.counted();
    if (idstr.short || idstr.length === 0) throw incoming.refuse(file, 'no-idstr', { id: sectionId });
    const instanceId = file.u32();
    const versionId = file.u32();
    const name = idstr.text;
    if (file.error !== undefined)
      throw incoming.refuse(file, 'instance-unreadable', { errno: errnoNumber(file.error) });
    incoming.path.push(`section ${sectionId} "${name}"`);
    incoming.begin(name, instanceId);
    const found = this.handlers.find(name, instanceId) ?? this.supposed(file, name, instanceId, versionId);
    if (found === undefined) {
      const signed = !incoming.behaves('unsigned-instance');
      throw incoming.refuse(file, 'unknown-section', { idstr: name, instance: signed ? instanceId | 0 : instanceId });
    }
    const { handler } = found;
    if (versionId > handler.versionId)
      throw incoming.refuse(file, 'unsupported-section-version', {
        version: versionId | 0,
        idstr: name,
        local: handler.versionId,
      });
    found.versionId = versionId;
    found.sectionId = sectionId;
    try {
      await this.payload(file, found);
    } catch (error) {
      if (error instanceof Refusal) incoming.around(error, 'device-state-error', { instance: instanceId, idstr: name });
      throw error;
    }
    await this.footer(file, found);
    incoming.path.pop();
  }

  /** Where nobody could ask the destination what it has: it is taken to be like the sender, and that is said. */
  private supposed(file: QemuFile, idstr: string, instanceId: number, versionId: number): LoadedHandler | undefined {
    const { incoming } = this;
    if (incoming.destination.handlersKnown) return undefined;
    const ram = idstr === 'ram';
    const schema = incoming.sentDevice?.vmsd;
    if (!ram) {
      incoming.unknowns.add(`whether the destination has section ${idstr}, and in which layout`);
      if (schema === undefined) throw incoming.ends(file, 'unknown', 'layout-unknown', { what: idstr });
    }
    const kind = ram ? 'iterable' : schema!.name === '' ? 'old' : 'vmsd';
    return this.handlers.suppose({
      idstr,
      instanceId,
      versionId: ram ? RAM_VERSION : versionId,
      registration: Infinity,
      kind,
      schema,
      payload: undefined,
    });
  }

  /** QEMU: qemu_loadvm_section_part_end(). */
  private async partOrEnd(file: QemuFile): Promise<void> {
    const { incoming } = this;
    const sectionId = file.u32();
    if (file.error !== undefined) throw incoming.refuse(file, 'part-id-unreadable', { errno: errnoNumber(file.error) });
    incoming.path.push(`section ${sectionId}`);
    const found = this.handlers.bySection(sectionId);
    if (found === undefined) throw incoming.refuse(file, 'unknown-section-id', { id: sectionId | 0 });
    incoming.path[incoming.path.length - 1] = `section ${sectionId} "${found.handler.idstr}"`;
    try {
      await this.payload(file, found);
    } catch (error) {
      if (error instanceof Refusal)
        incoming.around(error, 'section-state-error', { id: sectionId | 0, idstr: found.handler.idstr });
      throw error;
    }
    await this.footer(file, found);
    incoming.path.pop();
  }

  private async payload(file: QemuFile, { handler, versionId }: LoadedHandler): Promise<void> {
    const { incoming } = this;
    if (handler.kind === 'vmsd') {
      await this.table(file, handler, versionId);
      return;
    }
    try {
      if (handler.idstr === 'ram') await this.ram.load(file, versionId);
      else if (handler.idstr === DIRTY_BITMAP_IDSTR) await this.bitmaps.load(file, versionId);
      else await loadDevice(incoming, file, handler, versionId);
    } catch (error) {
      if (error instanceof Refusal)
        incoming.around(error, 'vmstate-version', { version: versionId | 0, errno: errnoNumber(error.errno) });
      throw error;
    }
  }

  /** Since 10.2 whatever goes wrong in a table is EINVAL to its caller. */
  private async table(file: QemuFile, handler: DestinationHandler, versionId: number): Promise<void> {
    try {
      await loadDevice(this.incoming, file, handler, versionId);
    } catch (error) {
      if (error instanceof Refusal && this.incoming.behaves('chained-errors')) throw new Refusal('EINVAL', error.links);
      throw error;
    }
  }

  /** QEMU: check_section_footer(). */
  private async footer(file: QemuFile, found: LoadedHandler): Promise<void> {
    const { incoming } = this;
    if (!incoming.destination.sectionFooters) return;
    await file.want(SECTION_FOOTER_SIZE);
    const mark = file.u8();
    const wrong = this.wrongFooter(file, mark, found);
    if (wrong === undefined) return;
    const refusal = incoming.refuse(file, ...wrong);
    incoming.around(refusal, 'footer-error', { id: found.sectionId | 0 });
    throw refusal;
  }

  private wrongFooter(
    file: QemuFile,
    mark: number,
    { handler, sectionId }: LoadedHandler,
  ): readonly [MessageId, MessageValues] | undefined {
    const { idstr } = handler;
    if (file.error !== undefined) return ['footer-unreadable', { errno: errnoNumber(file.error) }];
    if (mark !== sectionType.footer) return ['footer-missing', { idstr }];
    const read = file.u32();
    return read === sectionId ? undefined : ['footer-mismatch', { idstr, received: read, expected: sectionId }];
  }
}
