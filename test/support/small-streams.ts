// Some small streams of every shape, the same in every run: for tests that look at each byte of each.
import fc from 'fast-check';
import { streamModel, type StreamModel } from './arbitraries/stream-model.js';
import { writeModel, type Written } from './write-model.js';

export interface SmallStream extends Written {
  readonly model: StreamModel;
  readonly name: string;
}

/** `count` streams of at most `limit` bytes that `wanted` likes, as different as can be. */
export async function smallStreams(
  count: number,
  limit: number,
  wanted: (model: StreamModel) => boolean = () => true,
): Promise<SmallStream[]> {
  const found: SmallStream[] = [];
  const shapes = new Set<string>();
  for (const model of fc.sample(streamModel, { numRuns: 1500, seed: 4041 })) {
    if (found.length === count) break;
    if (!wanted(model)) continue;
    const kinds = [...new Set(model.items.map((item) => item.kind))].sort().join(' ');
    const shape = `${model.layout} ${kinds}`;
    if (shapes.has(shape)) continue;
    const written = await writeModel(model.items, model.pageSize);
    if (written.bytes.length > limit || written.bytes.length < 60) continue;
    shapes.add(shape);
    found.push({ ...written, model, name: `${model.layout} ${model.pageSize} ${written.bytes.length} bytes` });
  }
  return found;
}
