// What a container costs: a raw libvirt image against the bare stream, gzip data against `gzip -dc`, and the memory that
// reading them takes, mapped-ram and XBZRLE included, with a guest of 1.5 GiB. Part of `npm run bench`.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeDeltas, writeDense } from './inputs.mjs';
import { most, none, run } from './measure.mjs';

const mstream = new URL('../../bin/mstream.js', import.meta.url).pathname;
/** 1.5 GiB of 4 KiB pages. */
const GUEST = 393_216;
/** XBZRLE deltas for each page: 12.2 million in all fill 189 of the 192 MiB that the table of newest versions may take. */
const DELTAS = 31;

/** What stands in front of the stream of a libvirt save image: header, XML, padding. */
function libvirtHead(format) {
  const xml = Buffer.alloc(65_536);
  xml.write('<domain><name>bench</name></domain>');
  const header = Buffer.alloc(92);
  header.write('LibvirtQemudSave');
  for (const [i, word] of [2, xml.length, 1, format, 0].entries()) header.writeUInt32LE(word, 16 + 4 * i);
  return Buffer.concat([header, xml]);
}

export async function measureContainers({ compare, peak }, parent, guest = GUEST) {
  const folder = mkdtempSync(join(parent, 'containers-'));
  const [bare, raw, gzip] = ['bare', 'raw.save', 'gzip.save'].map((name) => join(folder, name));
  try {
    writeDense(bare, guest);
    for (const [path, format, filter] of [
      [raw, 0, 'cat'],
      [gzip, 1, 'gzip -1c'],
    ]) {
      const file = openSync(path, 'w');
      writeSync(file, libvirtHead(format));
      closeSync(file);
      run('sh', '-c', `${filter} ${bare} >>${path}`);
    }
    run('sh', '-c', `gzip -1c ${bare} >${bare}.gz`);
    await compare(
      'libvirt image, raw: mstream inspect / of the bare stream',
      most(1.05),
      () => run(process.execPath, mstream, 'inspect', raw),
      () => run(process.execPath, mstream, 'inspect', bare),
    );
    await compare(
      'gzip: mstream inspect / gzip -dc >/dev/null',
      most(1.3),
      () => run(process.execPath, mstream, 'inspect', `${bare}.gz`),
      () => run('sh', '-c', `gzip -dc ${bare}.gz >/dev/null`),
    );
    for (const [name, path] of Object.entries({ 'raw image': raw, 'gzip image': gzip, 'gzip file': `${bare}.gz` })) {
      peak(`memory: mstream inspect, ${name}`, most(120), mstream, 'inspect', path);
      peak(`memory: mstream inspect --devices, ${name}`, most(120), mstream, 'inspect', '--devices', path);
      peak(`memory: mstream get, ${name}`, most(120), mstream, 'get', path, 'timer.ticks');
    }
    const mapped = join(folder, 'mapped');
    run(process.execPath, mstream, 'convert', bare, '-o', mapped, '--to', 'mapped-ram', '-q');
    for (const command of [['inspect'], ['inspect', '--pages'], ['stat']])
      peak(`memory: mstream ${command.join(' ')}, mapped-ram`, most(120), mstream, ...command, mapped);
    for (const path of [bare, raw, gzip, `${bare}.gz`, mapped]) rmSync(path);
    const deltas = writeDeltas(join(folder, 'deltas'), guest, DELTAS);
    peak('memory: mstream inspect, XBZRLE', most(120), mstream, 'inspect', deltas);
    peak('memory: mstream get, XBZRLE', most(120), mstream, 'get', deltas, 'timer.ticks');
    peak('memory: mstream extract, XBZRLE', most(300), mstream, 'extract', deltas, '--format', 'raw', '-q', '-o', '-');
    // It keeps a table of what the pages hold, besides.
    peak('memory: mstream stat, XBZRLE', none, mstream, 'stat', deltas);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
