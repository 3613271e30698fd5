// Rows times releases: the named cases, each with its bytes and its destination. Imports its own folder and qemu/lab.

import type { LabQemu } from '../../../src/qemu/lab.js';
import { baseFor, canCapture, oldBase, type Base } from './captures.js';
import { applyPatches } from './patch.js';
import { releases, type Release, type Row, type Rule } from './row.js';
import { destinationRows } from './rows/destinations.js';
import { deviceRows } from './rows/devices.js';
import { mappedRamRows } from './rows/mapped-ram.js';
import { monitorRows } from './rows/monitor.js';
import { outerRows } from './rows/outer.js';
import { ramRows } from './rows/ram.js';
import { truncationRows } from './rows/truncation.js';
import { virtioRows } from './rows/virtio.js';

export interface AgreementCase {
  /** `10.0 block-list: unknown name`. */
  readonly name: string;
  readonly rule: Rule | 'random';
  readonly release: Release;
  readonly stream: Uint8Array;
  readonly argv: readonly string[];
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly transport: 'exec' | 'file';
  /** The capture is unchanged, and so are QEMU and argv. */
  readonly pristine: boolean;
}

export const rows: readonly Row[] = [
  ...outerRows,
  ...truncationRows,
  ...ramRows,
  ...mappedRamRows,
  ...deviceRows,
  ...virtioRows,
  ...monitorRows,
  ...destinationRows,
];

/** Captures by release and scenario, made when first asked for, one after the other. */
export class Library {
  readonly #lab: ReadonlyMap<Release, LabQemu>;
  readonly #bases = new Map<string, Promise<Base>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(lab: readonly LabQemu[]) {
    this.#lab = new Map(
      releases.flatMap((release) => lab.filter(({ wanted }) => wanted === release).map((qemu) => [release, qemu])),
    );
  }

  qemu(release: Release): LabQemu {
    const found = this.#lab.get(release);
    if (found === undefined) throw new TypeError(`no QEMU ${release} in the lab`);
    return found;
  }

  get releases(): Release[] {
    return [...this.#lab.keys()];
  }

  has(release: Release, scenario: string): boolean {
    return canCapture(scenario, this.qemu(release).version);
  }

  base(from: Release | '4.0.0' | '4.1.0', scenario: string): Promise<Base> {
    const key = `${from} ${scenario}`;
    const known = this.#bases.get(key);
    if (known !== undefined) return known;
    const made = this.#last.then(() =>
      from === '4.0.0' || from === '4.1.0' ? oldBase(from, scenario) : baseFor(this.qemu(from), scenario),
    );
    this.#last = made.catch(() => undefined);
    this.#bases.set(key, made);
    return made;
  }
}

/** All named cases of one row. */
export async function casesOf(row: Row, library: Library): Promise<AgreementCase[]> {
  const cases: AgreementCase[] = [];
  for (const release of row.releases ?? releases) {
    for (const from of row.from ?? [release]) {
      if (from !== '4.0.0' && from !== '4.1.0' && !library.has(from, row.base)) continue;
      const source = await library.base(from, row.base);
      const own = library.has(release, row.base) ? await library.base(release, row.base) : undefined;
      const destination = own ?? { argv: source.argv, capabilities: {} };
      const stream = row.mutate === undefined ? source.bytes : applyPatches(source.bytes, row.mutate(source.anatomy));
      cases.push({
        name: `${release} ${row.rule}: ${row.name}${row.from === undefined ? '' : ` ${from}`}`,
        rule: row.rule,
        release,
        stream,
        argv: row.on?.argv === undefined ? destination.argv : row.on.argv(destination.argv),
        capabilities: row.on?.capabilities ?? destination.capabilities,
        // `file:` came with 8.2.
        transport: release === '5.2' || release === '7.2' ? 'exec' : (row.on?.transport ?? source.transport),
        pristine:
          row.mutate === undefined &&
          row.on?.argv === undefined &&
          from === release &&
          (row.on?.capabilities === undefined || row.base === 'background-snapshot'),
      });
    }
  }
  return cases;
}
