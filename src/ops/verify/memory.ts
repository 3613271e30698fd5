// Memory files beside a state: is each the one that the blocks left out of the stream need? Whoever has a file system
// gathers the facts (a file is never opened here, nor ever written); this says what they mean.

import { quote } from '../../base/quote.js';
import { hex } from '../../bytes/window.js';
import type { Inspection } from '../inspect.js';
import { finding, type Finding } from './codes.js';
import type { Verification } from './verify.js';

/** What is known of one memory file. */
export interface MemoryFacts {
  /** idstr in the block list. */
  readonly block: string;
  /** How people know the file. */
  readonly label: string;
  /** Why it could not be looked at; `missing`: there is none. */
  readonly problem?: { readonly kind: 'missing' | 'unreadable'; readonly message: string };
  /** Bytes. */
  readonly size?: number;
  /** Written after the state was, by this many milliseconds. */
  readonly newerBy?: number;
  /** Every byte is zero. `sparse`: nothing was ever written to it. */
  readonly zero?: 'sparse' | 'zeros' | undefined;
  /** Of the content, hex, and what a manifest says it should be. */
  readonly sha256?: { readonly found: string; readonly expected: string };
}

/** Two writes of one template end within this of each other; file systems keep no better times than 2 s. */
const SAME_TIME = 2_000;

/**
 * What `files` mean for the blocks that `inspection` found. Blocks that were left out and have no file are named too.
 */
export function verifyMemory(inspection: Inspection, files: readonly MemoryFacts[]): Finding[] {
  const findings = files.flatMap((file) => verifyFile(inspection, file));
  const given = new Set(files.map((file) => file.block));
  for (const block of inspection.blocks) {
    if (block.ignored !== true || given.has(block.idstr)) continue;
    findings.push(
      finding('memory-not-given', { text: `no file was given for ${quote(block.idstr)}`, path: [block.idstr] }),
    );
  }
  return findings;
}

function verifyFile(inspection: Inspection, file: MemoryFacts): Finding[] {
  const { label, problem, size } = file;
  const path = [file.block];
  const block = inspection.blocks.find((row) => row.idstr === file.block);
  if (block === undefined)
    return [finding('memory-no-such-block', { text: `${label}: the stream has no block ${quote(file.block)}`, path })];
  if (problem !== undefined) {
    return [
      finding(problem.kind === 'missing' ? 'memory-missing' : 'memory-unreadable', {
        text: `${label}: ${problem.message}`,
        path,
      }),
    ];
  }
  const findings: Finding[] = [];
  if (size !== undefined && size !== block.usedLength) {
    findings.push(
      finding('memory-size', {
        text: `${label} has ${hex(size)} bytes, block ${quote(file.block)} has ${hex(block.usedLength)}`,
        path,
      }),
    );
  }
  if (file.zero !== undefined) {
    const how = file.zero === 'sparse' ? 'nothing was ever written to it' : 'all bytes are zero';
    findings.push(finding('memory-zero', { text: `${label}: ${how}`, path }));
  } else if (file.sha256 !== undefined && file.sha256.found !== file.sha256.expected) {
    findings.push(finding('memory-changed', { text: `${label}: its content is not what the manifest says`, path }));
  }
  if (file.newerBy !== undefined && file.newerBy > SAME_TIME) {
    findings.push(
      finding('memory-newer', {
        text: `${label} was written ${Math.round(file.newerBy / 1000)} s after the state`,
        path,
      }),
    );
  }
  if (block.ignored === false) {
    findings.push(
      finding('memory-in-stream', {
        text: `pages of ${quote(file.block)} are in the stream, ${label} is beside it`,
        path,
      }),
    );
  }
  return findings;
}

/** A verification with what its memory adds; the verdict is of both. Nothing is added to what could not be read. */
export function withMemory(verification: Verification, files: readonly MemoryFacts[]): Verification {
  const { inspection } = verification;
  if (inspection === undefined || verification.verdict === 'unjudged') return verification;
  const more = verifyMemory(inspection, files);
  const given = new Set(files.map((file) => file.block));
  const all = more.every(({ code }) => code !== 'memory-not-given');
  // The stream never carries a block whose memory is in its file (bypass-shared-memory).
  const settled = ({ code, path }: Finding): boolean =>
    (code === 'block-never-sent' && given.has(path.at(-1) ?? '')) || (code === 'memory-outside' && all);
  const findings = [...verification.findings.filter((found) => !settled(found)), ...more];
  return {
    ...verification,
    findings,
    verdict: findings.some(({ severity }) => severity === 'error') ? 'broken' : 'sound',
  };
}
