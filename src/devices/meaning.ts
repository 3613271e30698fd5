// What a node means to people: by the rules of its device; timers by their type.

import { isTimer, type Branch, type FieldNode } from '../vmstate/index.js';
import { timerMeaning } from './clock/clock.js';
import type { Meaning } from './rule.js';
import { meaningRule } from './rules.js';

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
