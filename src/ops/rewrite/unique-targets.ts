// One path, one field: an edit that finds its field in several devices is refused with the list, unless it says that it
// means all of them (a `*`) or which (the instance).

import { Refused } from '../../base/refused.js';
import { quote } from '../../base/quote.js';
import type { DeviceState, FieldNode } from '../../vmstate/index.js';
import type { Edit } from './edit.js';

type PathEdit = Extract<Edit, { path: string }>;

/** Fields that a refusal lists. */
const LISTED = 8;

interface Target {
  /** `DEVICE/INSTANCE.path`. */
  readonly path: string;
  readonly explicit: boolean;
}

export class UniqueTargets {
  private readonly found = new Map<PathEdit, { readonly targets: Target[]; count: number }>();

  /** `nodes` of one device are what `edit` means there. */
  add(edit: PathEdit, { device }: DeviceState, nodes: readonly FieldNode[]): void {
    // Subsections are dropped by name, wherever they stand.
    if (nodes.length === 0 || edit.edit === 'drop-subsection' || edit.path.includes('*')) return;
    const label = `${device.name}/${device.instanceId}`;
    const explicit = edit.path === label || edit.path.startsWith(`${label}.`);
    const known = this.found.get(edit) ?? { targets: [], count: 0 };
    this.found.set(edit, known);
    known.count += nodes.length;
    for (const node of nodes)
      if (known.targets.length < LISTED)
        known.targets.push({ path: node.path === '' ? label : `${label}.${node.path}`, explicit });
  }

  /** @throws Refused */
  check(): void {
    for (const [edit, { targets, count }] of this.found) {
      const [first, second] = targets;
      if (first === undefined || second === undefined) continue;
      const list = `${targets.map(({ path }) => quote(path)).join(', ')}${count > targets.length ? ` and ${count - targets.length} more` : ''}`;
      if (first.path === second.path)
        throw new Refused(
          'refused',
          `there are several sections of that name and instance: which is meant by ${quote(edit.path)}?`,
          { code: 'list-sections' },
        );
      if (!first.explicit)
        throw new Refused('refused', `${quote(edit.path)} means ${count} fields: ${list}`, {
          code: 'name-instance',
          path: first.path,
        });
    }
  }
}
