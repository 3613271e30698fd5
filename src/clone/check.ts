// Checks whether a template still matches its manifest: the files exist, sizes and hashes are equal, the memory file is
// not newer and not all zero, the state is complete and has the recorded blocks. Findings are values.

import type { Cure } from '../base/hint.js';
import { open, stat } from 'node:fs/promises';
import { openFile } from '../bytes/node/file-source.js';
import { inspect, type Inspection } from '../ops/inspect.js';
import { openStream } from '../open/open-stream.js';
import {
  hashFile,
  manifestBlocks,
  MANIFEST,
  readManifest,
  templatePath,
  type Manifest,
  type ManifestFile,
} from './manifest.js';

export interface TemplateFinding {
  readonly severity: 'error' | 'note';
  readonly code: 'missing' | 'size' | 'hash' | 'damaged' | 'blocks' | 'zero-memory';
  readonly file: string;
  readonly message: string;
  readonly cure: Cure;
}

/** @throws Refused code `no-template` when there is no manifest */
export async function checkTemplate(
  folder: string,
): Promise<{ manifest: Manifest; findings: readonly TemplateFinding[] }> {
  const manifest = await readManifest(folder);
  const findings: TemplateFinding[] = [];
  const files: [string, ManifestFile][] = [['state', manifest.state], ...Object.entries(manifest.memory)];
  for (const [name, file] of files) findings.push(...(await checkFile(folder, name, file)));
  const damaged = new Set(findings.filter((finding) => finding.code === 'missing').map((finding) => finding.file));
  if (!damaged.has(manifest.state.path)) findings.push(...(await checkState(folder, manifest)));
  return { manifest, findings };
}

async function checkFile(folder: string, name: string, file: ManifestFile): Promise<TemplateFinding[]> {
  const path = templatePath(folder, file.path);
  const remake = 'make the template again';
  const there = await stat(path).catch(() => undefined);
  if (there === undefined)
    return [{ severity: 'error', code: 'missing', file: file.path, message: `${path} is not there`, cure: remake }];
  if (there.size !== file.size) {
    return [
      {
        severity: 'error',
        code: 'size',
        file: file.path,
        message: `${there.size} bytes, the manifest says ${file.size}`,
        cure: remake,
      },
    ];
  }
  if ((await hashFile(path)) !== file.sha256) {
    const cure =
      name === 'state' ? remake : `${remake}; did something map this file with share=on? A clone must have share=off`;
    return [
      { severity: 'error', code: 'hash', file: file.path, message: 'its content is not what the manifest says', cure },
    ];
  }
  if (name !== 'state' && (await isZero(path, there.size))) {
    return [
      {
        severity: 'error',
        code: 'zero-memory',
        file: file.path,
        message: 'all bytes are zero: the guest never wrote through this file',
        cure: 'the template needs share=on',
      },
    ];
  }
  return [];
}

async function isZero(path: string, size: number): Promise<boolean> {
  const handle = await open(path, 'r');
  const buffer = Buffer.alloc(1 << 20);
  const zeros = Buffer.alloc(1 << 20);
  try {
    for (let at = 0; at < size; at += buffer.length) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (!buffer.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead))) return false;
    }
    return true;
  } finally {
    await handle.close();
  }
}

export async function inspectState(folder: string, manifest: Manifest): Promise<Inspection> {
  const stream = await openStream(await openFile(templatePath(folder, manifest.state.path)), { bodies: 'none' });
  try {
    return await inspect(stream);
  } finally {
    await stream.close();
  }
}

async function checkState(folder: string, manifest: Manifest): Promise<TemplateFinding[]> {
  const inspection = await inspectState(folder, manifest);
  const file = manifest.state.path;
  if (inspection.error !== undefined) {
    return [
      {
        severity: 'error',
        code: 'damaged',
        file,
        message: inspection.error.message,
        cure: { code: 'inspect-file', file },
      },
    ];
  }
  if (JSON.stringify(manifestBlocks(inspection)) !== JSON.stringify(manifest.blocks)) {
    return [
      {
        severity: 'error',
        code: 'blocks',
        file,
        message: `its RAM blocks are not those of ${MANIFEST}`,
        cure: 'state and manifest are of different templates',
      },
    ];
  }
  return [];
}
