// Every broken stream fails as its name says, and the whole error (offset, path, hint) stands beside it. The files are
// what their generator makes; together they reach every code that reading can give.
import { hintText } from '../../src/report/hints.js';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { brokenStreams, goodStreams } from '../../fixtures/broken/generate.js';
import { errorCodes, MigrationStreamError, type ErrorCode } from '../../src/base/errors.js';
import { forwardSource, memorySource, type ByteSource } from '../../src/bytes/source.js';
import { openStream } from '../../src/open/open-stream.js';
import { parseSchema } from '../../src/vmstate/index.js';

/** Codes that no bytes can cause, and why. */
const notFromBytes: Partial<Record<ErrorCode, string>> = {
  'cannot-encode': 'raised by writing',
  io: 'raised by the source: test/property/sources.test.ts',
  'not-seekable': 'raised when a pipe is asked to go back',
  'bad-container': 'raised around the stream: test/unit/container',
  unsupported: 'raised around the stream: test/unit/container',
  'several-streams': 'raised around the stream: test/unit/container',
};

const root = new URL('../../fixtures/broken/', import.meta.url);
const generated = await brokenStreams();
const names = [...generated.keys()];

function codeOf(name: string): ErrorCode {
  const code = [...errorCodes]
    .sort((one, other) => other.length - one.length)
    .find((one) => name === one || name.startsWith(`${one}-`));
  if (code === undefined) throw new TypeError(`${name} is not called after an error code`);
  return code;
}

/** Reads all of it, the JSON of the tail too, and answers the error. */
async function failure(source: ByteSource): Promise<MigrationStreamError | undefined> {
  try {
    const stream = await openStream(source);
    for await (const event of stream.events()) if (event.kind === 'vmdescription') parseSchema(event.json);
    return undefined;
  } catch (error) {
    if (!(error instanceof MigrationStreamError)) throw error;
    return error;
  }
}

function describeError(error: MigrationStreamError): string {
  const offset = error.offset === undefined ? '-' : `0x${error.offset.toString(16)}`;
  return [
    `${error.code}: ${error.message}`,
    `offset: ${offset}`,
    `path: ${error.path.join(' > ')}`,
    `hint: ${error.hint === undefined ? '-' : hintText(error.hint)}`,
    '',
  ].join('\n');
}

/** Set by `npm run golden`, which alone may write. */
function updating(): boolean {
  return (expect.getState().snapshotState as unknown as { _updateSnapshot?: string })._updateSnapshot === 'all';
}

test('the good streams are good', async () => {
  for (const bytes of await goodStreams()) {
    expect(await failure(memorySource(bytes))).toBeUndefined();
    expect(await failure(forwardSource(memorySource(bytes)))).toBeUndefined();
  }
});

test('the files are those that the generator makes', () => {
  if (updating()) {
    mkdirSync(root, { recursive: true });
    for (const [name, bytes] of generated) writeFileSync(new URL(`${name}.bin`, root), bytes);
  }
  const files = readdirSync(root).filter((file) => file.endsWith('.bin'));
  expect(files.sort()).toEqual(names.map((name) => `${name}.bin`).sort());
  for (const [name, bytes] of generated)
    expect(Buffer.compare(readFileSync(new URL(`${name}.bin`, root)), bytes), name).toBe(0);
  const stray = readdirSync(root).filter(
    (file) => file.endsWith('.txt') && !existsSync(new URL(file.replace('.txt', '.bin'), root)),
  );
  expect(stray).toEqual([]);
});

test('every code has a file', () => {
  const covered = new Set<string>([...names.map(codeOf), ...Object.keys(notFromBytes)]);
  expect(errorCodes.filter((code) => !covered.has(code))).toEqual([]);
  expect(names.map(codeOf).filter((code) => code in notFromBytes)).toEqual([]);
});

describe.each(names)('%s', (name) => {
  const bytes = generated.get(name)!;
  test('fails as it is called, the same from a pipe', async () => {
    const error = await failure(memorySource(bytes));
    expect(error?.code, error?.message).toBe(codeOf(name));
    expect((await failure(forwardSource(memorySource(bytes))))?.code).toBe(codeOf(name));
    await expect(describeError(error!)).toMatchFileSnapshot(`../../fixtures/broken/${name}.txt`);
  });
});
