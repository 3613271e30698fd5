// The inputs that a command opened: files as they are, and states inside their containers. Errors of a state say where
// they lie in the containers, and "no migration stream" says what the input is instead.

import { MigrationStreamError } from '../base/errors.js';
import { rememberHead, type HeadSource } from '../bytes/remember-head.js';
import type { ByteSource } from '../bytes/source.js';
import type { Nest } from '../container/open.js';
import type { Theme } from '../report/theme.js';
import { STDIO } from './args.js';
import type { Host } from './host.js';
import type { ContainerChoices } from './options.js';
import { snapshotWord } from './snapshot-word.js';

/** As much as a stream's header takes: an input that ends before may be anything. */
const HEADER_SIZE = 8;
const REMEMBERED = 4096;

export class Inputs {
  private readonly host: Host;
  private readonly opened: { readonly path: string; readonly source: HeadSource }[] = [];
  private readonly nests: Nest[] = [];
  /** Sources whose containers are still being opened. */
  private readonly opening = new Set<ByteSource>();
  /** States whose containers were said. */
  private readonly said = new Set<string>();
  private readonly theme: () => Theme;

  /** `theme`: of stderr. */
  constructor(host: Host, theme: () => Theme) {
    this.host = host;
    this.theme = theme;
  }

  /** Host.openInput, remembered. */
  async open(path: string): Promise<ByteSource> {
    const source = rememberHead(await this.host.openInput(path), REMEMBERED);
    this.opened.push({ path, source });
    return source;
  }

  /**
   * The stream inside of `state`, a path, PATH#SNAPSHOT or `-`. Closing `inner` closes all. The first opening of a
   * state says on stderr what lies in what, unless the report of the command does (`reported`). @throws as
   * openContainers
   */
  async openState(state: string, choices: ContainerChoices = {}, reported = false): Promise<Nest> {
    const { openContainers } = await import('../container/open.js');
    const { containers, openInput } = this.host;
    const { source, path, snapshot } = await snapshotWord(state, openInput);
    const { spool } = choices;
    this.opening.add(source);
    try {
      const nest = await openContainers(source, {
        decompressors: containers.decompressors,
        spool: spool === undefined ? undefined : (from) => containers.spool(from, spool),
        snapshot: choices.snapshot ?? snapshot,
        member: choices.member,
        offset: choices.offset,
        openBacking: (backing, from) => openInput(containers.beside(backing, from)),
        inUse: path === STDIO ? undefined : (file) => containers.inUse(file),
      });
      this.nests.push(nest);
      if (!reported && !this.said.has(state)) await this.say(nest);
      this.said.add(state);
      return nest;
    } finally {
      this.opening.delete(source);
    }
  }

  private async say({ layers }: Nest): Promise<void> {
    if (layers.length === 0) return;
    const { nestingLines } = await import('../report/containers.js');
    const lines = nestingLines(
      layers.map(({ facts }) => facts),
      this.theme(),
    );
    await this.host.stderr.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** Closes what an interrupted `openState` left open. */
  async close(): Promise<void> {
    for (const source of this.opening) await source.close();
  }

  /** `error`, or a better one when an input turns out to be something else. Never throws. */
  async explain(error: MigrationStreamError): Promise<MigrationStreamError> {
    const early = error.code === 'truncated' && error.offset !== undefined && error.offset < HEADER_SIZE;
    if (error.code !== 'not-a-stream' && !early) return this.placed(error);
    const { notAStream, recognise, recogniseSource } = await import('../container/recognise.js');
    for (const { found, layers } of [...this.nests].reverse()) {
      if (found.kind !== 'migration-stream') return notAStream(found, layers);
    }
    for (const { path, source } of this.opened) {
      try {
        const found = source.seekable
          ? await this.again(path, recogniseSource)
          : recognise(source.head(), { path: path === STDIO ? undefined : path });
        if (found.kind !== 'migration-stream') return notAStream(found);
      } catch {
        // What cannot be read a second time stays unexplained.
      }
    }
    return this.placed(error);
  }

  /** With its places in the containers, where only one state can be meant. */
  private async placed(error: MigrationStreamError): Promise<MigrationStreamError> {
    const [nest, ...more] = this.nests;
    if (nest === undefined || more.length > 0) return error;
    return (await import('../container/open.js')).withPlaces(error, nest.layers);
  }

  /** Opened anew: the command may have closed it by now. */
  private async again<T>(path: string, look: (source: ByteSource) => Promise<T>): Promise<T> {
    const source = await this.host.openInput(path);
    try {
      return await look(source);
    } finally {
      await source.close();
    }
  }
}
