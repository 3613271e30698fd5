// Finds nodes by path: `DEVICE[/INSTANCE].path.to.field`, where `*` stands for any characters. A path without an
// instance means all instances of that name. Only branches that can still match are opened, so an exact path costs only
// the nodes on its way.

import { ArrayBranch, deviceLabel, type DeviceState, type FieldNode } from './node.js';

/**
 * The topmost nodes whose full path matches `pattern`, in stream order. A matching branch stands for all nodes below
 * it. Both `cpu.env.eip` and `cpu/0.env.eip` are paths of instance 0.
 */
export function findNodes(devices: Iterable<DeviceState>, pattern: string): FieldNode[] {
  const found: FieldNode[] = [];
  for (const state of devices) {
    const { name, instanceId } = state.device;
    // The most specific path comes first, so a node is found once.
    const labels = new Set([`${name}/${instanceId}`, name]);
    const before = found.length;
    for (const label of labels) if (found.length === before) search(state.root, label, pattern, found);
  }
  return found;
}

/** The nodes of a device whose path (without the device) matches. An empty pattern means the device itself. */
export function findInDevice(state: DeviceState, pattern: string): FieldNode[] {
  const found: FieldNode[] = [];
  if (pattern === '') found.push(state.root);
  else for (const child of state.root.children()) search(child, child.name, pattern, found);
  return found;
}

/** The devices whose label (`DEVICE`, `DEVICE/INSTANCE`) matches. */
export function findDevices(devices: Iterable<DeviceState>, pattern: string): DeviceState[] {
  const matches = matcher(pattern);
  return [...devices].filter(
    ({ device }) =>
      matches(device.name) || matches(`${device.name}/${device.instanceId}`) || matches(deviceLabel(device)),
  );
}

function search(node: FieldNode, path: string, pattern: string, found: FieldNode[]): void {
  const star = pattern.indexOf('*');
  const literal = star === -1 ? pattern : pattern.slice(0, star);
  const matches = matcher(pattern);
  const visit = (current: FieldNode, at: string): void => {
    if (matches(at)) {
      found.push(current);
      return;
    }
    if (current.kind === 'leaf') return;
    // True when no further match is possible, or none in this branch.
    if (!literal.startsWith(at) && !(star !== -1 && at.startsWith(literal))) return;
    const index = current instanceof ArrayBranch ? /^\[(\d+)\]/.exec(literal.slice(at.length))?.[1] : undefined;
    if (index !== undefined && current instanceof ArrayBranch) {
      const element = current.at(Number(index));
      if (element !== undefined) visit(element, at + element.name);
      return;
    }
    for (const child of current.children())
      visit(child, child.name.startsWith('[') ? at + child.name : `${at}.${child.name}`);
  };
  visit(node, path);
}

/** A glob match that backtracks only to the last star. */
function matcher(pattern: string): (text: string) => boolean {
  if (!pattern.includes('*')) return (text) => text === pattern;
  const parts = pattern.split('*');
  const first = parts[0]!;
  const last = parts.at(-1)!;
  const middle = parts.slice(1, -1);
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of middle) {
      const next = text.indexOf(part, at);
      if (next === -1 || next + part.length > end) return false;
      at = next + part.length;
    }
    return true;
  };
}
