// Reads one file, sought or as a pipe, and says how that ended and how much memory it took.
import { MigrationStreamError } from '../../../src/base/errors.js';
import { openFile } from '../../../src/bytes/node/file-source.js';
import { forwardSource } from '../../../src/bytes/source.js';
import { openStream } from '../../../src/open/open-stream.js';
import { hintText } from '../../../src/report/hints.js';
import { peakMemory } from './peak.js';

const [path, how] = process.argv.slice(2);
const source = await openFile(path!);
let code = 'none';
let text = '';
let stream: Awaited<ReturnType<typeof openStream>> | undefined;
try {
  stream = await openStream(how === 'pipe' ? forwardSource(source) : source);
  for await (const event of stream.events()) {
    if (event.kind === 'warning') text += [event.message, ...event.path].join(' ');
  }
} catch (error) {
  if (!(error instanceof MigrationStreamError)) throw error;
  code = error.code;
  text += [error.message, error.hint === undefined ? '' : hintText(error.hint), ...error.path].join(' ');
}
const position = stream?.position;
await (stream ?? source).close();
console.log(JSON.stringify({ code, text, position, rss: peakMemory() }));
