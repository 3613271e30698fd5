// Disks: every block backend becomes a backend of the same size that holds nothing (null-co), so no image is opened,
// locked or written. QEMU: block/null.c; -drive, -blockdev and the short forms.

import { behaves } from '../../release/behaviours.js';
import { parseParameter, type Parameter } from '../parameter.js';
import { fileOf, imageAt, localPath } from './block-nodes.js';
import { kept, type Outcome, type Rule, type RuleContext } from './rule.js';

const WHY = 'no image is opened: the disk has the same size and holds nothing';

/** The parts of a -drive that stay: its place, and the properties of its backend that the guest sees. */
const DRIVE_KEYS =
  /^(id|if|bus|unit|index|media|cyls|heads|secs|trans|cache(\..*)?|werror|rerror|readonly|read-only|node-name|detect-zeroes|addr|serial|stats-.*|(bps|iops|throttling|group)\b.*)$/;

/** The parts of a -blockdev that stay. */
const NODE_KEYS = /^(node-name|read-only|auto-read-only|force-share|detect-zeroes|cache|cache\..*)$/;

const NULLS = new Set(['null-co', 'null-aio']);

/** Drivers that pass requests on to a named node and store nothing. */
const FILTERS = new Set(['throttle', 'copy-on-read', 'preallocate', 'compress']);

/** Bytes of a disk, or the reason why the size is unknown. */
type Size = { readonly bytes: number } | { readonly trouble: string };

function sizeOf(path: string, format: string | undefined, cwd: string): Size & { readonly foreign?: boolean } {
  const image = imageAt(path, cwd);
  if ('trouble' in image) return image;
  const seen = format ?? image.format;
  if (seen === 'raw') return { bytes: image.rawSize };
  if (seen === 'qcow2')
    return image.qcow2Size === undefined ? { trouble: `${path} is no qcow2 image` } : { bytes: image.qcow2Size };
  return { trouble: `only QEMU knows the size of ${path}`, foreign: true };
}

/** The settings of the stand-in. A QEMU without read-zeroes leaves the buffer as it is. */
function standIn(bytes: number, { version }: RuleContext): Record<string, string | number | boolean> {
  return {
    driver: 'null-co',
    size: bytes,
    ...(behaves(version, 'null-co-read-zeroes') ? { 'read-zeroes': true } : {}),
  };
}

function driveOutcome(text: string, context: RuleContext): Outcome {
  let drive: Parameter;
  try {
    drive = parseParameter(text, 'file');
  } catch {
    return { kind: 'refuse', why: 'it cannot be read' };
  }
  const children = drive.keys.filter((key) => key.startsWith('file.'));
  const named = drive.get('file') ?? drive.get('file.filename');
  const format = drive.get('format') ?? drive.get('driver');
  if (format !== undefined && NULLS.has(format)) return kept;
  if (named === undefined && children.length === 0)
    return format === undefined ? kept : { kind: 'refuse', why: `it opens something by driver ${format}` };
  const child = drive.get('file.driver');
  const path =
    named === undefined || (child !== undefined && !['file', 'host_device', 'host_cdrom'].includes(child))
      ? undefined
      : localPath(named);
  if (path === undefined)
    return { kind: 'refuse', why: 'it is not a local file, so its size cannot be seen without opening it' };
  const size = sizeOf(path, format, context.cwd);
  if ('bytes' in size)
    return {
      kind: 'replace',
      words: ['-drive', drive.changed(standIn(size.bytes, context), (key) => DRIVE_KEYS.test(key))],
      why: WHY,
    };
  // Opened read-only, with an unlinked overlay in the private folder.
  if (size.foreign === true)
    return {
      kind: 'replace',
      words: ['-drive', drive.changed({ snapshot: true })],
      why: 'writes go to a temporary overlay',
    };
  return { kind: 'refuse', why: size.trouble };
}

export const driveRule: Rule = (_option, value, context) => driveOutcome(value, context);

const SHORT_FORMS: Readonly<Record<string, string>> = {
  hda: 'index=0,media=disk',
  hdb: 'index=1,media=disk',
  hdc: 'index=2,media=disk',
  hdd: 'index=3,media=disk',
  cdrom: 'index=2,media=cdrom',
  fda: 'if=floppy,index=0',
  fdb: 'if=floppy,index=1',
  mtdblock: 'if=mtd',
  sd: 'if=sd',
  pflash: 'if=pflash',
};

/** -hda and the like, and an image without an option (`hda`). */
export const shortDriveRule: Rule = (option, value, context) => {
  const place = SHORT_FORMS[option === '' ? 'hda' : option] ?? '';
  const outcome = driveOutcome(`file=${value.replaceAll(',', ',,')},${place}`, context);
  return outcome.kind === 'keep' ? { kind: 'drop', why: WHY } : outcome;
};

export const blockdevRule: Rule = (_option, value, context) => {
  let node: Parameter;
  try {
    node = parseParameter(value, 'driver');
  } catch {
    return { kind: 'refuse', why: 'it cannot be read' };
  }
  const driver = node.get('driver') ?? '';
  if (NULLS.has(driver)) return kept;
  if (FILTERS.has(driver)) {
    return context.nodes.has(node.get('file') ?? '')
      ? kept
      : { kind: 'refuse', why: `driver ${driver} over something that has no -blockdev of its own` };
  }
  if (!['file', 'host_device', 'host_cdrom', 'raw', 'qcow2'].includes(driver))
    return { kind: 'refuse', why: `nobody but QEMU can see the size behind driver ${driver}` };
  const file = fileOf(node, context.nodes);
  const path = file === undefined ? undefined : localPath(file);
  if (path === undefined) return { kind: 'refuse', why: 'no local file stands behind it' };
  const size = sizeOf(path, driver === 'qcow2' ? 'qcow2' : 'raw', context.cwd);
  if ('trouble' in size) return { kind: 'refuse', why: size.trouble };
  const given = Number(node.get('size') ?? Number.NaN);
  const bytes =
    driver === 'raw'
      ? Number.isSafeInteger(given)
        ? given
        : size.bytes - Number(node.get('offset') ?? 0)
      : size.bytes;
  return {
    kind: 'replace',
    words: ['-blockdev', node.changed(standIn(bytes, context), (key) => NODE_KEYS.test(key) || key === 'driver')],
    why: WHY,
  };
};
