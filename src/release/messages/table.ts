// All messages by id, and what one release says: the tables of the layers put together.

import { inRange, versionText, type QemuVersion } from '../version.js';
import { commandMessages } from './commands.js';
import { configurationMessages } from './configuration.js';
import { deviceMessages } from './device.js';
import { dirtyBitmapMessages } from './dirty-bitmap.js';
import type { Errno } from './errno.js';
import { hostMessages } from './host.js';
import { framingMessages } from './framing.js';
import { headerMessages } from './header.js';
import type { MessageRow, Wording } from './message.js';
import { monitorMessages } from './monitor.js';
import { piecesOf, printed, type Piece } from './placeholder.js';
import { ramListMessages } from './ram-list.js';
import { ramPageMessages } from './ram-pages.js';

const rows = {
  ...headerMessages,
  ...configurationMessages,
  ...framingMessages,
  ...commandMessages,
  ...ramListMessages,
  ...ramPageMessages,
  ...deviceMessages,
  ...dirtyBitmapMessages,
  ...hostMessages,
  ...monitorMessages,
};

/** The name of a message of QEMU's: closed, so that a predictor cannot name one that no table has. */
export type MessageId = keyof typeof rows;

/** Every message that QEMU can say while it loads, by id. */
export const loadMessages: Readonly<Record<MessageId, MessageRow>> = rows;

export const messageIds = Object.keys(rows) as readonly MessageId[];

export type MessageValues = Readonly<Record<string, string | number | bigint>>;

/** The wording of one release; undefined where that release never says it. */
export function wordingOf(id: MessageId, version: QemuVersion): Wording | undefined {
  return loadMessages[id].texts.find((wording) => inRange(version, wording));
}

/** How the load ends when this is what it fails with: EINVAL, unless a table says otherwise. */
export function errnoOf(id: MessageId, version: QemuVersion): Errno {
  return wordingOf(id, version)?.errno ?? loadMessages[id].errno ?? 'EINVAL';
}

const taken = new Map<string, readonly Piece[]>();

/** The pieces of a wording, taken apart once. */
export function piecesFor(text: string): readonly Piece[] {
  const known = taken.get(text);
  if (known !== undefined) return known;
  const pieces = piecesOf(text);
  taken.set(text, pieces);
  return pieces;
}

/**
 * The line (or link of the chain) that `version` prints, without the program's name in front.
 * @throws TypeError when that release has no such message, or a value is missing: ask `wordingOf` first
 */
export function formatMessage(id: MessageId, version: QemuVersion, values: MessageValues = {}): string {
  const wording = wordingOf(id, version);
  if (wording === undefined) throw new TypeError(`QEMU ${versionText(version)} has no message ${id}`);
  return piecesFor(wording.text)
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      const value = values[piece.name];
      if (value === undefined) throw new TypeError(`message ${id} wants a value ${piece.name}`);
      return printed(piece, value);
    })
    .join('');
}

/** Values as they stand in the message, digits without 0x; those that no wording of it prints as plain text. */
export function shownValues(id: MessageId, values: MessageValues): Readonly<Record<string, string>> {
  const placeholders = loadMessages[id].texts.flatMap(({ text }) =>
    piecesFor(text).filter((piece) => typeof piece !== 'string'),
  );
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const placeholder = placeholders.find((known) => known.name === name) ?? { name, kind: 'text', width: 0 };
      return [name, printed(placeholder, value)];
    }),
  );
}
