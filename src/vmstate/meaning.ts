// What a node means to people: from the decoders' rules, and for timers whatever their name.

import { timerMeaning } from './decoders/clock.js';
import type { Meaning } from './decoders/rule.js';
import { meaningRule } from './decoders/table.js';
import { isTimer, type Branch, type FieldNode } from './node.js';

/** Undefined when there is nothing to say. Elements of arrays are asked for by their array's field, with the index. */
export function meaningOf(node: FieldNode): Meaning | undefined {
  const index = /^\[(\d+)\]$/.exec(node.name)?.[1];
  const owner = index !== undefined && node.parent?.kind === 'array' ? node.parent : node;
  const field = fieldName(owner);
  const vmsd = tableAbove(owner);
  if (field !== undefined && vmsd !== undefined) {
    const found = meaningRule(vmsd, field)?.(node, owner === node ? undefined : Number(index));
    if (found?.label !== undefined || found?.text !== undefined) return found;
  }
  return node.kind === 'leaf' && isTimer(node) ? timerMeaning(node) : undefined;
}

function fieldName(node: FieldNode): string | undefined {
  return node.kind === 'leaf' ? node.field?.name : node.fields[0]?.name;
}

/** The name of the table that the node is a field of. */
function tableAbove(node: FieldNode): string | undefined {
  let branch: Branch | undefined = node.parent;
  while (branch !== undefined && branch.vmsd === undefined) branch = branch.parent;
  return branch?.vmsd?.name;
}
