// The outer loop: header, configuration, sections until EOF, and what is looked at afterwards. QEMU: qemu_loadvm_state() and
// qemu_loadvm_state_main(), migration/savevm.c. May import the predictor's own files.

import { sectionType } from '../../../wire/section.js';
import { loadCommand } from './commands.js';
import { loadConfiguration } from './configuration.js';
import type { DestinationHandler } from './destination.js';
import { loadDevice } from './devices.js';
import { Handlers, type LoadedHandler } from './handlers.js';
import { postcopy, type Incoming } from './incoming.js';
import { DirtyBitmapLoader } from './load-dirty-bitmap.js';
import type { QemuFile } from './qemu-file.js';
import { EINVAL, EIO, Ending, ENOTSUP, Refusal } from './refusal.js';
import { RAM_VERSION, RamLoader } from './ram.js';
import type { TextId } from './texts.js';

const MAGIC = 0x5145564d;
const VERSION = 3;
const OLD_VERSION = 2;
const FOOTER = 0x7e;

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
    if (file.error !== 0) {
      const refusal = incoming.silent(file, file.error, 'vmstate-stream-error');
      incoming.before(refusal, 'vmstate-stream-error', -file.error);
      throw refusal;
    }
    await this.description(file);
    if (incoming.runState !== undefined && forbidden.includes(incoming.runState)) {
      incoming.print(file, 'run-state-transition', incoming.runState);
      throw new Ending('aborts', 'run-state-transition');
    }
    // The main loop leaves the rest to a postcopy thread that was never started, or waits for a COLO primary.
    if (incoming.colo || (incoming.postcopyState === postcopy.discard && incoming.destination.version < 110000)) {
      incoming.note(file, 'never-ends');
      throw new Ending('hangs', 'never-ends');
    }
  }

  /** Never fatal. */
  private async description(file: QemuFile): Promise<void> {
    const { incoming } = this;
    if (incoming.destination.suppressVmdescription) return;
    await file.want(1);
    const type = file.u8();
    if (type !== sectionType.vmdescription) incoming.lines.push(incoming.words('vmdescription-expected', type));
  }

  private async header(file: QemuFile): Promise<void> {
    const { incoming } = this;
    await file.want(9);
    if (file.cursor.available === 0) throw new Ending('hangs', 'not-a-stream');
    const magic = file.u32();
    if (magic !== MAGIC) throw incoming.refuse(file, EINVAL, 'not-a-stream', magic, MAGIC);
    const version = file.u32();
    if (version === OLD_VERSION) throw incoming.refuse(file, ENOTSUP, 'stream-v2');
    if (version !== VERSION) throw incoming.refuse(file, ENOTSUP, 'stream-version', version, VERSION);
    if (!incoming.destination.sendConfiguration) return;
    const type = file.u8();
    if (type !== sectionType.configuration) throw incoming.refuse(file, EINVAL, 'configuration-missing', type, sectionType.configuration);
    await incoming.at('configuration', () => loadConfiguration(incoming, file));
  }

  /** QEMU: qemu_loadvm_state_main(). True: POSTCOPY_RUN was met, all loops end. */
  async loop(file: QemuFile): Promise<boolean> {
    const { incoming } = this;
    for (;;) {
      await file.want(1 + 4 + 256 + 8);
      const type = file.u8();
      if (file.error !== 0) throw this.sectionTypeCut(file);
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
          throw incoming.refuse(file, EINVAL, 'section-type', type);
      }
    }
  }

  private sectionTypeCut(file: QemuFile): Refusal {
    const { incoming } = this;
    const refusal = incoming.silent(file, file.error, 'section-type-cut');
    if (file.error === EIO) incoming.before(refusal, 'channel-error');
    incoming.before(refusal, 'section-type-cut', -file.error);
    return refusal;
  }

  /** QEMU: qemu_loadvm_section_start_full(). */
  private async startOrFull(file: QemuFile): Promise<void> {
    const { incoming } = this;
    const sectionId = file.u32();
    const idstr = file.counted();
    if (idstr.short || idstr.length === 0) throw incoming.refuse(file, EINVAL, 'id-string', sectionId);
    const instanceId = file.u32();
    const versionId = file.u32();
    const name = idstr.text;
    if (file.error !== 0) throw incoming.refuse(file, file.error, 'section-header-cut', -file.error);
    incoming.path.push(`section ${sectionId} "${name}"`);
    const found = this.handlers.find(name, instanceId) ?? this.supposed(file, name, instanceId, versionId);
    if (found === undefined) {
      const old = incoming.destination.version < 50000;
      throw incoming.refuse(file, EINVAL, 'no-handler', name, old ? instanceId | 0 : instanceId);
    }
    const { handler } = found;
    if (versionId > handler.versionId) throw incoming.refuse(file, EINVAL, 'section-version', versionId | 0, name, handler.versionId);
    found.versionId = versionId;
    found.sectionId = sectionId;
    try {
      await this.payload(file, found);
    } catch (error) {
      if (error instanceof Refusal) {
        incoming.after('state-of-instance', instanceId, name);
        incoming.before(error, 'state-of-instance', instanceId, name);
      }
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
    const schema = incoming.sentDevice(idstr, instanceId)?.vmsd;
    if (!ram) {
      incoming.unknowns.add(`whether the destination has section ${idstr}, and in which layout`);
      if (schema === undefined) {
        incoming.note(file, 'no-handler', idstr, instanceId);
        throw new Ending('unknown', 'no-handler');
      }
    }
    const kind = ram ? 'iterable' : schema!.name === '' ? 'old' : 'vmsd';
    return this.handlers.suppose({ idstr, instanceId, versionId: ram ? RAM_VERSION : versionId, kind, schema, payload: undefined });
  }

  /** QEMU: qemu_loadvm_section_part_end(). */
  private async partOrEnd(file: QemuFile): Promise<void> {
    const { incoming } = this;
    const sectionId = file.u32();
    if (file.error !== 0) throw incoming.refuse(file, file.error, 'section-id-cut', -file.error);
    incoming.path.push(`section ${sectionId}`);
    const found = this.handlers.bySection(sectionId);
    if (found === undefined) throw incoming.refuse(file, EINVAL, 'section-id', sectionId | 0);
    incoming.path[incoming.path.length - 1] = `section ${sectionId} "${found.handler.idstr}"`;
    try {
      await this.payload(file, found);
    } catch (error) {
      if (error instanceof Refusal) incoming.after('state-of-section', sectionId | 0, found.handler.idstr);
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
      else if (handler.idstr === 'dirty-bitmap') await this.bitmaps.load(file, versionId);
      else await loadDevice(incoming, file, handler, versionId);
    } catch (error) {
      if (error instanceof Refusal) incoming.before(error, 'old-style-failed', versionId | 0, -error.errno);
      throw error;
    }
  }

  /** Since 10.2 whatever goes wrong in a table is EINVAL to its caller. */
  private async table(file: QemuFile, handler: DestinationHandler, versionId: number): Promise<void> {
    try {
      await loadDevice(this.incoming, file, handler, versionId);
    } catch (error) {
      if (error instanceof Refusal && this.incoming.behaviour.chained) throw new Refusal(EINVAL, error.id, error.chain);
      throw error;
    }
  }

  /** QEMU: check_section_footer(). */
  private async footer(file: QemuFile, found: LoadedHandler): Promise<void> {
    const { incoming } = this;
    if (!incoming.destination.sectionFooters) return;
    await file.want(5);
    const mark = file.u8();
    const wrong = this.wrongFooter(file, mark, found);
    if (wrong === undefined) return;
    incoming.print(file, ...wrong);
    const refusal = new Refusal(EINVAL, wrong[0], '');
    incoming.before(refusal, 'footer-error', found.sectionId | 0);
    throw refusal;
  }

  private wrongFooter(file: QemuFile, mark: number, { handler, sectionId }: LoadedHandler): readonly [TextId, ...(string | number)[]] | undefined {
    if (file.error !== 0) return ['footer-cut', -file.error];
    if (mark !== FOOTER) return ['footer-missing', handler.idstr];
    const read = file.u32();
    return read === sectionId ? undefined : ['footer-id', handler.idstr, read, sectionId];
  }
}
