// The block nodes of a command line by name, to trace a format node to its file.

import { resolve } from 'node:path';
import { findOptions } from '../argv.js';
import { parseParameter, type Parameter } from '../parameter.js';
import { lookAtImage, type Image } from './image-size.js';

/** Nodes that -blockdev defines. */
export type BlockNodes = ReadonlyMap<string, Parameter>;

export function blockNodesOf(argv: readonly string[]): BlockNodes {
  return new Map(
    findOptions(argv, 'blockdev').flatMap(({ value }) => {
      try {
        const parameter = parseParameter(value, 'driver');
        const name = parameter.get('node-name');
        return name === undefined ? [] : [[name, parameter] as const];
      } catch {
        return []; // The rule of the option reports it.
      }
    }),
  );
}

/** QEMU: path_has_protocol(): a colon before any slash. `file:` does not count. */
export function localPath(name: string): string | undefined {
  const plain = name.replace(/^file:/, '');
  return /^[^/]*:/.test(plain) ? undefined : plain;
}

const LOCAL = new Set(['file', 'host_device', 'host_cdrom']);

/** The file of a node: its filename, that of an inline child, or that of the node it refers to. */
export function fileOf(node: Parameter, nodes: BlockNodes): string | undefined {
  if (LOCAL.has(node.get('driver') ?? '')) return node.get('filename');
  if (LOCAL.has(node.get('file.driver') ?? '')) return node.get('file.filename');
  const child = nodes.get(node.get('file') ?? '');
  return child !== undefined && LOCAL.has(child.get('driver') ?? '') ? child.get('filename') : undefined;
}

/** The image, or the reason why it cannot be read. */
export function imageAt(path: string, cwd: string): Image | { readonly trouble: string } {
  try {
    return lookAtImage(resolve(cwd, path));
  } catch (error) {
    return { trouble: error instanceof Error ? error.message : String(error) };
  }
}
