// The inputs that a command opened, so that "no migration stream" can say what each of them is instead.

import { MigrationStreamError } from '../base/errors.js';
import { rememberHead, type HeadSource } from '../bytes/remember-head.js';
import type { ByteSource } from '../bytes/source.js';
import { STDIO } from './args.js';
import type { Host } from './host.js';

/** As much as a stream's header takes: an input that ends before may be anything. */
const HEADER_SIZE = 8;
const REMEMBERED = 4096;

export class Inputs {
  private readonly host: Host;
  private readonly opened: { readonly path: string; readonly source: HeadSource }[] = [];

  constructor(host: Host) {
    this.host = host;
  }

  /** Host.openInput, remembered. */
  async open(path: string): Promise<ByteSource> {
    const source = rememberHead(await this.host.openInput(path), REMEMBERED);
    this.opened.push({ path, source });
    return source;
  }

  /** `error`, or a better one when an input turns out to be something else. Never throws. */
  async explain(error: MigrationStreamError): Promise<MigrationStreamError> {
    const early = error.code === 'truncated' && error.offset !== undefined && error.offset < HEADER_SIZE;
    if (error.code !== 'not-a-stream' && !early) return error;
    const { notAStream, recognise, recogniseSource } = await import('../container/recognise.js');
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
    return error;
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
