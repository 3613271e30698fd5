// The backing file of a qcow2 image: what stands where the image has nothing. It is opened when it is first needed,
// since a saved state lies in the image itself nearly always. QEMU: docs/interop/qcow2.rst; bdrv_backing_chain_next().

import { MigrationStreamError } from '../../base/errors.js';
import { quote } from '../../base/quote.js';
import { readSource, type ByteSource } from '../../bytes/source.js';
import { hex } from '../../bytes/window.js';
import { damagedImage, imageError, unsupportedImage } from './error.js';
import type { ClusterDecompressors } from './compressed.js';
import { openAlone, type Backing, type Qcow2Image } from './image.js';
import { QCOW_MAGIC } from './layout.js';
import { MAX_BACKING_DEPTH } from './limits.js';
import { GuestSpace } from './space.js';

/** Opens the file that an image with the label `from` names, for reading. Paths are relative to that image. */
export type BackingPort = (path: string, from: string) => Promise<ByteSource>;

export interface ImagePorts {
  readonly decompressors?: ClusterDecompressors | undefined;
  readonly openBacking?: BackingPort | undefined;
}

/**
 * Opens the image that `source` holds. `above`: labels of the images of which it is a backing file, outermost first.
 * Closing `source` is the caller's; `closeImage` closes the rest.
 * @throws as `openAlone`
 */
export async function openImage(
  source: ByteSource,
  ports: ImagePorts = {},
  above: readonly string[] = [],
): Promise<Qcow2Image> {
  const image = await openAlone(source, ports.decompressors);
  const { backingName: name, backingFormat: format } = image.header;
  const backing =
    name === undefined ? undefined : new BackingFile({ name, format, above: [...above, source.label], ports });
  return { ...image, backing };
}

/** Closes what was opened besides `image.source`. */
export async function closeImage(image: Qcow2Image): Promise<void> {
  await image.backing?.close();
}

interface BackingOptions {
  readonly name: string;
  readonly format: string | undefined;
  /** Labels of the images above, outermost first; the last is the one that names this file. */
  readonly above: readonly string[];
  readonly ports: ImagePorts;
}

interface Opened {
  readonly source: ByteSource;
  /** Bytes of the virtual disk. */
  readonly size: number;
  /** Undefined for a raw disk. */
  readonly image: { readonly image: Qcow2Image; readonly space: GuestSpace } | undefined;
}

class BackingFile implements Backing {
  private opened: Promise<Opened> | undefined;

  private readonly options: BackingOptions;

  constructor(options: BackingOptions) {
    this.options = options;
  }

  /** @throws MigrationStreamError of the backing file; `unsupported` where backing files cannot be opened */
  async read(into: Uint8Array, guest: number): Promise<void> {
    const opened = await (this.opened ??= this.open());
    try {
      await readDisk(opened, into, guest);
    } catch (error) {
      throw error instanceof MigrationStreamError ? inBacking(this.options.name, error) : error;
    }
  }

  async close(): Promise<void> {
    const opened = await this.opened?.catch(() => undefined);
    if (opened?.image !== undefined) await closeImage(opened.image.image);
    await opened?.source.close();
  }

  private async open(): Promise<Opened> {
    const { name, above, ports } = this.options;
    const what = `the backing file ${quote(name)}`;
    const place = { offset: 8, path: ['header'] };
    if (ports.openBacking === undefined) throw unsupportedImage(`${what} cannot be opened here`, place);
    if (above.length > MAX_BACKING_DEPTH)
      throw imageError('limit-exceeded', `more than ${MAX_BACKING_DEPTH} backing files behind each other`, place);
    const path = filePath(name);
    if (path === undefined) throw unsupportedImage(`${what} is no plain file`, place);
    const source = await ports.openBacking(path, above[above.length - 1]!);
    try {
      if (above.includes(source.label)) throw damagedImage(`${what} is an image that it backs itself: a loop`, place);
      return await this.openSource(source, what).catch((error: unknown) => {
        throw error instanceof MigrationStreamError ? inBacking(name, error) : error;
      });
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  private async openSource(source: ByteSource, what: string): Promise<Opened> {
    const { format, above, ports } = this.options;
    const { size } = source;
    if (!source.seekable || size === undefined)
      throw imageError('not-seekable', `${what} can only be read forward`, { offset: 8, path: ['header'] });
    const kind = format ?? ((await isQcow2(source)) ? 'qcow2' : 'raw');
    if (kind === 'raw') return { source, size, image: undefined };
    if (kind !== 'qcow2')
      throw unsupportedImage(`${what} has the format ${quote(kind)}`, { offset: 8, path: ['header'] });
    const image = await openImage(source, ports, above);
    const { l1At, l1Size, diskSize } = image.header;
    const space = await GuestSpace.open(image, { at: l1At, entries: l1Size, what: 'the active L1 table' });
    return { source, size: diskSize, image: { image, space } };
  }
}

async function readDisk({ source, size, image }: Opened, into: Uint8Array, guest: number): Promise<void> {
  const length = Math.max(0, Math.min(into.length, size - guest));
  const part = into.subarray(0, length);
  let got = length;
  if (length > 0 && image !== undefined) await image.space.read(part, guest);
  else if (length > 0) got = await readSource(source, part, guest);
  into.fill(0, got);
}

/** An offset in the backing file is none in the image that names it. */
function inBacking(name: string, error: MigrationStreamError): MigrationStreamError {
  const { code, message, offset, path, hint, cause } = error;
  const where = offset === undefined ? '' : `, at ${hex(offset)}`;
  return new MigrationStreamError({
    code,
    message: `in the backing file ${quote(name)}${where}: ${message}`,
    path,
    hint,
    cause,
  });
}

async function isQcow2(source: ByteSource): Promise<boolean> {
  const magic = new Uint8Array(4);
  return (await readSource(source, magic, 0)) === 4 && new DataView(magic.buffer).getUint32(0) === QCOW_MAGIC;
}

/** The path in the name; undefined for another protocol (`nbd:`, `json:`). QEMU: path_has_protocol(), util/cutils.c. */
function filePath(name: string): string | undefined {
  const plain = name.startsWith('file:') ? name.slice('file:'.length) : name;
  if (/^[^/]*:/.test(plain)) return undefined;
  // The image holds bytes; file names are UTF-8.
  return new TextDecoder().decode(Uint8Array.from(plain, (character) => character.charCodeAt(0)));
}
