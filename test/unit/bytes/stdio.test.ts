// The real standard input and output, in a process of their own: a pump of the compiled sources.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const pump = `
import { stdinSource, stdoutSink } from ${JSON.stringify(new URL('../../../src/bytes/node/stdio.ts', import.meta.url).pathname)};
const source = stdinSource();
const sink = stdoutSink();
const into = new Uint8Array(100000);
let at = 0;
try {
  for (let got; (got = await source.read(into, at)) > 0; at += got) await sink.write(into.subarray(0, got));
  await sink.commit();
} catch (error) {
  process.stderr.write(error.name + ' ' + error.message);
  process.exitCode = 7;
}
await source.close();
`;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mstream-stdio-'));
  const entry = join(folder, 'entry.mjs');
  writeFileSync(entry, pump);
  const bundle = await rolldown({ input: entry, platform: 'node', logLevel: 'silent' });
  await bundle.write({ file: join(folder, 'pump.mjs'), format: 'esm' });
  await bundle.close();
  writeFileSync(join(folder, 'lines'), 'first\nsecond\n');
  writeFileSync(join(folder, 'large'), Buffer.alloc(3_000_000, 'abc'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function shell(script: string): { stdout: Buffer; stderr: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    env: { ...process.env, PUMP: `${process.execPath} pump.mjs` },
  });
  return { stdout, stderr: stderr.toString(), status };
}

describe('stdin and stdout', () => {
  it('a redirected file, from where it stands', () => {
    expect(shell('{ read line; $PUMP; } < lines')).toMatchObject({
      stdout: Buffer.from('second\n'),
      stderr: '',
      status: 0,
    });
  });

  it('a pipe into a pipe', () => {
    expect(shell('cat large | $PUMP | cmp - large')).toMatchObject({ stderr: '', status: 0 });
  });

  it('a pipe into a file, behind what stands there', () => {
    expect(shell('{ echo one; cat lines | $PUMP; } > out; cat out')).toMatchObject({
      stdout: Buffer.from('one\nfirst\nsecond\n'),
      status: 0,
    });
  });

  it('nothing at all', () => {
    expect(shell('$PUMP < /dev/null')).toMatchObject({ stdout: Buffer.alloc(0), stderr: '', status: 0 });
  });

  it('a reader who goes', () => {
    expect(shell('$PUMP < large | head -c 10; exit ${PIPESTATUS[0]}')).toMatchObject({
      stderr: 'OutputClosed stdout was closed by its reader',
      status: 7,
    });
  });

  it('a full disk', () => {
    expect(shell('$PUMP < large > /dev/full')).toMatchObject({
      stderr: 'MigrationStreamError cannot write stdout: no space left on device',
      status: 7,
    });
  });
});
