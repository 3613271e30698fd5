// The header extensions of a qcow2 image, those that matter for reading. QEMU: qcow2_read_extensions(), block/qcow2.c.

import { latin1, Window } from '../../bytes/window.js';
import { damagedImage } from './error.js';
import { extensionFields, extensionType } from './layout.js';

export interface Extensions {
  readonly backingFormat: string | undefined;
  /** Names of incompatible features by their bits, from the image. */
  readonly featureNames: ReadonlyMap<number, string>;
  /** Name of the external data file. */
  readonly dataFile: string | undefined;
}

const HEADER = 8;
const FEATURE = 48;
/** A type of feature in the feature name table. */
const INCOMPATIBLE = 0;

/**
 * The extensions in `cluster` (the first bytes of the image, up to one cluster) from `start` to `end`.
 * @throws MigrationStreamError `bad-container`
 */
export function readExtensions(cluster: Uint8Array, start: number, end: number): Extensions {
  let backingFormat: string | undefined;
  let dataFile: string | undefined;
  let featureNames: ReadonlyMap<number, string> = new Map();
  const stop = Math.min(end, cluster.length);
  for (let at = start; at + HEADER <= stop;) {
    const { type, length } = extensionFields.decode(Window.over(cluster.subarray(at, at + HEADER), at));
    if (type === extensionType.end) break;
    const data = at + HEADER;
    if (length > stop - data)
      throw damagedImage(`a header extension of ${length} bytes is longer than its place`, {
        offset: at,
        path: ['header extension'],
      });
    const bytes = cluster.subarray(data, data + length);
    if (type === extensionType.backingFormat) backingFormat = latin1(bytes, 0, Math.min(length, 255));
    if (type === extensionType.dataFile) dataFile = latin1(bytes, 0, Math.min(length, 1023));
    if (type === extensionType.featureNames) featureNames = incompatibleNames(bytes);
    at = data + Math.ceil(length / 8) * 8;
  }
  return { backingFormat, featureNames, dataFile };
}

function incompatibleNames(table: Uint8Array): Map<number, string> {
  const names = new Map<number, string>();
  for (let at = 0; at + FEATURE <= table.length; at += FEATURE) {
    if (table[at] !== INCOMPATIBLE) continue;
    names.set(table[at + 1]!, latin1(table, at + 2, at + FEATURE).replace(/\0.*$/s, ''));
  }
  return names;
}
