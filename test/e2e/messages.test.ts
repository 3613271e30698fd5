// Every wording of the message tables against the QEMUs that are said to have it: as a format it stands in the
// executable, and one that a release no longer or not yet has does not.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadMessages, messageIds, wordingOf, type Wording } from '../../src/release/messages/index.js';
import { piecesFor } from '../../src/release/messages/table.js';
import { lab, skip } from './support/loads.js';

if (skip !== undefined) test.skip(`QEMU's words: ${skip}`);

/** Put together of several strings. */
const COMPOSED = new Set<string>(['load-failed', 'channel-error']);

/**
 * Words that another function says, too: qio_channel_readv_full_all(), io/channel.c, has them since 5.2, and the reader
 * of mapped-ram calls it since 10.2. Before that the executable has the words, and no load says them.
 */
const SAID_ELSEWHERE = new Set<string>(['channel-short-read']);

/**
 * As printf's format, to its end. `%s: ` for __func__ in front is left away, and behind it what QEMU hangs on:
 * strerror(), the inner error.
 */
function formatOf({ text }: Wording): string {
  const plain = text
    .replace(/^(warning: )?[a-z_]+: /, '')
    .replace(/: (Invalid argument|\{error\})$/, '')
    .replace("'inmigrate'", "'{from}'");
  return piecesFor(plain)
    .map((piece) => {
      if (typeof piece === 'string') return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return piece.width === 32 ? '%016lx%016lx' : '%[-#.*0-9]*[a-zA-Z]{1,3}';
    })
    .join('');
}

describe.skipIf(skip !== undefined)('words of QEMU', () => {
  for (const [release, { binary, version }] of lab) {
    test(`${release}: those that the tables give it, and none of those that they give others only`, () => {
      const [major = 0, minor = 0] = version.split('.').map(Number);
      const strings = readFileSync(binary.executable)
        .toString('latin1')
        .match(/[\x20-\x7e]{6,}/g)!
        .join('\n');
      const there = (format: string): boolean => new RegExp(`${format}(: )?$`, 'm').test(strings);
      const wrong = messageIds
        // What other targets and distributions say stands in other executables.
        .filter((id) => !COMPOSED.has(id) && (loadMessages[id].target ?? loadMessages[id].distribution) === undefined)
        .flatMap((id) => {
          const said = wordingOf(id, { major, minor });
          const mine = said === undefined ? '' : formatOf(said);
          const others = loadMessages[id].texts.filter(
            (one) =>
              one !== said &&
              !(SAID_ELSEWHERE.has(id) && one.since !== undefined) &&
              !mine.endsWith(formatOf(one)) &&
              there(formatOf(one)),
          );
          return [
            ...(said === undefined || there(mine) ? [] : [`${id} is missing: ${said.text}`]),
            ...others.map(({ text }) => `${id} is there: ${text}`),
          ];
        });
      expect(wrong).toEqual([]);
    });
  }
});
