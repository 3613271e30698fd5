// Opens the stream that a command was given: input, containers, progress, options, and closing at the end.

import { disposable } from '../base/dispose.js';
import { MigrationStreamError } from '../base/errors.js';
import type { Span } from '../base/span.js';
import type { ByteSource } from '../bytes/source.js';
import type { Layer } from '../container/container.js';
import { openStream, type MigrationStream, type OpenOptions } from '../open/open-stream.js';
import type { StreamEvent } from '../stream/event.js';
import { showDash } from './args.js';
import type { Context } from './command.js';
import type { ContainerChoices } from './options.js';
import { progressOf, type Progress } from './progress.js';

export interface StateOptions extends OpenOptions {
  readonly containers?: ContainerChoices | undefined;
  /** The report of the command says what lies in what. */
  readonly reported?: boolean | undefined;
}

export interface OpenState {
  readonly source: ByteSource;
  /** The containers around the stream, outermost first. */
  readonly layers: readonly Layer[];
  readonly stream: MigrationStream;
  readonly progress: Progress;
}

/**
 * Opens `state` (a path, PATH#SNAPSHOT or `-`) for reading; it is closed when the command ends.
 * @throws MigrationStreamError code `io`, or of a container
 */
export async function openState(
  context: Context,
  state: string,
  { containers, reported, ...options }: StateOptions,
  wrap: (source: ByteSource) => ByteSource = (source) => source,
): Promise<OpenState> {
  const path = showDash(state);
  const { inner, layers } = await context.openState(path, containers, reported);
  const source = wrap(inner);
  const progress = progressOf(context, 'reading', path, source);
  let stream: MigrationStream;
  try {
    stream = await openStream(source, { ...options, onProgress: (position) => progress.update(position) });
  } catch (error) {
    await source.close();
    throw error;
  }
  context.defer(() => stream.close());
  return { source, layers, stream: layers.length === 0 ? stream : await placed(stream, layers), progress };
}

/** The same stream, whose errors say where they lie in the containers. */
async function placed(stream: MigrationStream, layers: readonly Layer[]): Promise<MigrationStream> {
  const { withPlaces } = await import('../container/open.js');
  async function* events(): AsyncGenerator<StreamEvent> {
    try {
      yield* stream.events();
    } catch (error) {
      throw error instanceof MigrationStreamError ? withPlaces(error, layers) : error;
    }
  }
  return disposable({
    source: stream.source,
    description: stream.description,
    descriptionAt: stream.descriptionAt,
    get position() {
      return stream.position;
    },
    events,
    raw: (range: Span) => stream.raw(range),
    close: () => stream.close(),
  });
}
