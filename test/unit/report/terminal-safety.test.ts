// A stream whose every name is an attack on the terminal, through every report that there is.
import { expect, test } from 'vitest';
import { memorySink } from '../../../src/bytes/source.js';
import { createWriter } from '../../../src/open/create-writer.js';
import { layouts } from '../../../src/wire/dialect.js';
import { buildPageRuns } from '../../../src/ram/page-builder.js';
import { span } from '../../../src/base/span.js';
import type { StreamEvent } from '../../../src/stream/event.js';
import { mstream } from '../../support/fake-host.js';

const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u0000\r\n\u007f"\\é/../..';
const nowhere = span(0, 0);

/** Only the writer is asked, so spans do not matter. */
async function evilStream(): Promise<Uint8Array> {
  const sink = memorySink();
  const writer = createWriter(sink);
  const ram = { sectionId: 1, idstr: 'ram', instanceId: 0, versionId: 4 };
  const device = { sectionId: 2, idstr: evil, instanceId: 3, versionId: 1 };
  const blocks = [
    { idstr: evil, usedLength: 8192 },
    { idstr: 'two', usedLength: 4096 },
  ];
  const runs = buildPageRuns(
    [{ block: 0, addr: 0, kind: 'zero', named: true, body: Uint8Array.of(0) }],
    blocks,
    4096,
  )[0]!;
  const events: StreamEvent[] = [
    { kind: 'header', version: 3, span: nowhere },
    {
      kind: 'configuration',
      configuration: {
        machine: evil,
        subsections: [
          { kind: 'capabilities', version: 1, names: [evil] },
          { kind: 'unknown', version: 2, name: `configuration/${evil}`, bytes: Uint8Array.of(1, 2) },
        ],
      },
      span: nowhere,
    },
    { kind: 'section-open', type: 'start', section: ram, span: nowhere },
    {
      kind: 'ram-blocks',
      total: 12288,
      flags: 4,
      layout: layouts.plain,
      targetPageSize: 4096,
      blocks,
      continues: false,
      span: nowhere,
    },
    { kind: 'pages', runs, span: nowhere },
    { kind: 'ram-mark', mark: 'eos', flags: 16, address: 0, targetPageSize: 4096, span: nowhere },
    { kind: 'section-close', section: ram, footer: true, span: nowhere },
    { kind: 'section-open', type: 'full', section: device, span: nowhere },
    {
      kind: 'payload',
      section: device,
      boundary: 'decoder',
      bytes: Uint8Array.of(0x1b, 0x9b, 7),
      last: true,
      span: nowhere,
    },
    { kind: 'section-close', section: device, footer: true, span: nowhere },
    { kind: 'eof', span: nowhere },
  ];
  for (const event of events) await writer.write(event);
  await writer.finish();
  return sink.bytes();
}

const reports = [[], ['--sections'], ['--blocks'], ['--pages'], ['--hex', '0-200'], ['--json'], ['--jsonl']];
const driving = /[\u0000-\u0009\u000b-\u001f\u007f-\u{10ffff}]/u;

test.each(reports.map((report) => ({ report })))('inspect $report', async ({ report }) => {
  const bytes = await evilStream();
  // Also cut in the middle of everything, for the errors; the file's own name may be odd as well.
  for (const cut of [bytes.length, bytes.length - 2, bytes.length - 20, 140, 80]) {
    const outcome = await mstream(['inspect', ...report, evil], { files: { [evil]: bytes.subarray(0, cut) } });
    expect(outcome.code).toBe(cut === bytes.length ? 0 : 3);
    expect(outcome.stdout.replaceAll('é', 'e')).not.toMatch(driving);
    expect(outcome.stderr.replaceAll('é', 'e')).not.toMatch(driving);
  }
});

test('in JSON the names are exact all the same', async () => {
  const { stdout } = await mstream(['inspect', '--json', 'state'], { files: { state: await evilStream() } });
  const document = JSON.parse(stdout);
  expect(document.configuration.machine).toBe(evil);
  expect(document.blocks[0].idstr).toBe(evil);
  expect(document.sections.find(({ kind }: { kind: string }) => kind === 'full').section.idstr).toBe(evil);
});
