// Opens what a stream lies in: container after container, from the outside to the inside, until a migration stream or
// something that is no container stands there.

import { disposableBy } from '../base/dispose.js';
import { MigrationStreamError, type OuterPlace } from '../base/errors.js';
import { raced } from '../bytes/abort.js';
import { peekSource } from '../bytes/peek.js';
import type { ByteSource } from '../bytes/source.js';
import { MAX_CONTAINER_DEPTH } from '../limits.js';
import type { ContainerFacts, Layer, OpenContext } from './container.js';
import { headOf, isStream, MIGRATION_STREAM, type Recognised } from './recognise/result.js';

/** An input, opened down to its stream. */
export interface Nest extends AsyncDisposable {
  /** Outermost first; empty for a bare stream. */
  readonly layers: readonly Layer[];
  /** The stream, or what stands where no container could be opened. Closing it closes everything. */
  readonly inner: ByteSource;
  /** Bytes of the outermost source; undefined for a pipe. */
  readonly size: number | undefined;
  /** What `inner` is: `migration-stream` when all is well. */
  readonly found: Recognised;
}

const MAGIC_SIZE = 8;

/**
 * Opens `source` and every container inside of it. The source is closed when this throws, the signal's reason included.
 * @throws MigrationStreamError of the container that is damaged or cannot be read; its `outer` says where that lies
 */
export async function openContainers(source: ByteSource, context: OpenContext = {}): Promise<Nest> {
  const layers: Layer[] = [];
  const { size } = source;
  const { signal } = context;
  let current = source;
  try {
    if (context.offset !== undefined) {
      const { offsetLayer } = await import('./offset/offset.js');
      const layer = offsetLayer(current, context.offset);
      layers.push(layer);
      current = layer.inner;
    }
    for (;;) {
      const peeked = peekSource(current);
      current = peeked;
      if (isStream(headOf(await raced(peeked.peek(MAGIC_SIZE), signal), current.label, current.size)))
        return nest({ layers, size, inner: await raced(spooled(current, context), signal), found: MIGRATION_STREAM });
      const { standing } = await import('./standing.js');
      const next = await raced(standing(peeked), signal);
      if (next.container === undefined) return nest({ layers, size, inner: current, found: next.found });
      if (layers.length >= MAX_CONTAINER_DEPTH)
        throw new MigrationStreamError({
          code: 'limit-exceeded',
          message: `more than ${MAX_CONTAINER_DEPTH} containers inside each other`,
        });
      const layer = await raced(next.container.open(current, next.head, context), signal);
      layers.push(layer);
      current = layer.inner;
    }
  } catch (error) {
    await current.close().catch(() => {});
    throw error instanceof MigrationStreamError ? withPlaces(error, layers) : error;
  }
}

function nest(parts: Omit<Nest, keyof AsyncDisposable>): Nest {
  return disposableBy(parts, () => parts.inner.close());
}

/** --spool: a source that can be read forward only is copied, so that everything can be done with it. */
async function spooled(source: ByteSource, { spool }: OpenContext): Promise<ByteSource> {
  return source.seekable || spool === undefined ? source : spool(source);
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
  return error.within(placesOf(error.offset, layers, true));
}

/**
 * Where byte `at` of the innermost source lies in each container, innermost first. `last`: it is the byte that was read
 * last, so that a place in compressed data can be bounded.
 */
export function placesOf(at: number | undefined, layers: readonly Layer[], last = false): OuterPlace[] {
  const places: OuterPlace[] = [];
  let before = false;
  for (const layer of [...layers].reverse()) {
    before ||= layer.bounds === true;
    at = at === undefined || (before && !last) ? undefined : layer.locate(at);
    places.push({ container: layer.facts.title, offset: at, ...(before && at !== undefined ? { before } : {}) });
  }
  return places;
}
