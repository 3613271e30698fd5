// Opens what a stream lies in: container after container, from the outside to the inside, until a migration stream or
// something that is no container stands there.

import { MigrationStreamError, type OuterPlace } from '../base/errors.js';
import { peekSource } from '../bytes/peek.js';
import type { ByteSource } from '../bytes/source.js';
import { MAX_CONTAINER_DEPTH } from '../limits.js';
import type { Container, ContainerFacts, Layer, OpenContext } from './container.js';
import { offsetLayer } from './offset/offset.js';
import { HEAD_SIZE, LOOK, recognise } from './recognise.js';
import { headOf, type Recognised } from './recognise/result.js';
import { containers } from './table.js';

/** An input, opened down to its stream. */
export interface Nest {
  /** Outermost first; empty for a bare stream. */
  readonly layers: readonly Layer[];
  /** The stream, or what stands where no container could be opened. Closing it closes everything. */
  readonly inner: ByteSource;
  /** What `inner` is: `migration-stream` when all is well. */
  readonly found: Recognised;
}

const MAGIC_SIZE = 8;

/**
 * Opens `source` and every container inside of it. The source is closed when this throws.
 * @throws MigrationStreamError of the container that is damaged or cannot be read; its `outer` says where that lies
 */
export async function openContainers(source: ByteSource, context: OpenContext = {}): Promise<Nest> {
  const layers: Layer[] = [];
  let current = source;
  try {
    if (context.offset !== undefined) {
      const layer = offsetLayer(current, context.offset);
      layers.push(layer);
      current = layer.inner;
    }
    for (;;) {
      const peeked = peekSource(current);
      current = peeked;
      const look = async (length: number): Promise<Uint8Array> => peeked.peek(length);
      const first = await look(MAGIC_SIZE);
      const found = recognise(first, { size: current.size });
      if (found.kind === 'migration-stream') return finished(layers, await spooled(current, context), found);
      const [container, bytes] = await standing(look, current);
      if (container === undefined)
        return finished(layers, current, recognise(bytes, { path: current.label, size: current.size }));
      if (layers.length >= MAX_CONTAINER_DEPTH)
        throw new MigrationStreamError({
          code: 'limit-exceeded',
          message: `more than ${MAX_CONTAINER_DEPTH} containers inside each other`,
        });
      const layer = await container.open(current, headOf(bytes, current.label, current.size), context);
      layers.push(layer);
      current = layer.inner;
    }
  } catch (error) {
    await current.close().catch(() => {});
    throw error instanceof MigrationStreamError ? withPlaces(error, layers) : error;
  }
}

async function standing(
  look: (length: number) => Promise<Uint8Array>,
  { label, size }: ByteSource,
): Promise<[Container | undefined, Uint8Array]> {
  for (const length of [HEAD_SIZE, LOOK]) {
    const bytes = await look(length);
    const head = headOf(bytes, label, size);
    const container = containers.find((row) => (row.look ?? HEAD_SIZE) <= length && row.stands(head));
    // The far look is for files that begin with zeros or with something unknown.
    if (container !== undefined || !mayHoldFurther(bytes, length)) return [container, bytes];
  }
  return [undefined, await look(LOOK)];
}

function mayHoldFurther(bytes: Uint8Array, length: number): boolean {
  if (bytes.length < length) return false;
  const { kind } = recognise(bytes);
  return kind === 'zeros' || kind === 'unknown';
}

/** --spool: a source that can be read forward only is copied, so that everything can be done with it. */
async function spooled(source: ByteSource, { spool }: OpenContext): Promise<ByteSource> {
  return source.seekable || spool === undefined ? source : spool(source);
}

function finished(layers: readonly Layer[], inner: ByteSource, found: Recognised): Nest {
  return { layers, inner, found };
}

/** The facts of all layers, outermost first. */
export function factsOf(nest: Pick<Nest, 'layers'>): readonly ContainerFacts[] {
  return nest.layers.map((layer) => layer.facts);
}

/**
 * `error` of the innermost source with the places of its offset in each container, innermost first. An error that has
 * its places already stays as it is.
 */
export function withPlaces(error: MigrationStreamError, layers: readonly Layer[]): MigrationStreamError {
  if (layers.length === 0 || error.outer !== undefined) return error;
  const places: OuterPlace[] = [];
  let at = error.offset;
  for (const layer of [...layers].reverse()) {
    at = at === undefined ? undefined : layer.locate(at);
    places.push({ container: layer.facts.title, offset: at });
  }
  return error.within(places);
}
