// Walks a stream of many GiB that is computed on demand, and says how much memory that took.
import type { ByteSource } from '../../../src/bytes/source.js';
import { forwardSource } from '../../../src/bytes/source.js';
import { inspect } from '../../../src/ops/inspect.js';
import { openStream } from '../../../src/open/open-stream.js';
import { peakMemory } from './peak.js';
import { bigMapped, bigRecords } from '../big-streams.js';

const GiB = 2 ** 30;
const sources: Readonly<Record<string, () => ByteSource>> = {
  dense: () => bigRecords(16 * GiB, 'page'),
  'dense-pipe': () => forwardSource(bigRecords(4 * GiB, 'page')),
  'zero-heavy': () => bigRecords(GiB, 'zero'),
  mapped: () => bigMapped(16 * GiB),
};

const [name, how] = process.argv.slice(2);
const source = sources[name!]!();
const started = performance.now();
let pages = 0;
let end = 0;
const stream = await openStream(source, { bodies: how === 'skip' ? 'none' : 'all' });
if (how === 'inspect') {
  const { totals, error, complete } = await inspect(stream);
  if (!complete) throw error ?? new Error('incomplete');
  pages = totals.pages;
  end = totals.bytes;
} else {
  for await (const event of stream.events()) {
    if (event.kind === 'pages') pages += event.runs.records;
    end = Math.max(end, event.span.end);
  }
}
await stream.close();
console.log(JSON.stringify({ pages, end, seconds: (performance.now() - started) / 1000, rss: peakMemory() }));
