// All explanations by id, and one of them with its values: for `mstream explain`, which reads them out of QEMU's words,
// and for a prediction, which has them itself.

import { mapCure } from '../../base/hint.js';
import { escapeText } from '../../base/quote.js';
import { loadMessages, shownValues, type MessageId, type MessageValues } from '../messages/index.js';
import { deviceExplanations } from './device.js';
import { hostExplanations } from './host.js';
import { monitorExplanations } from './monitor.js';
import { ramExplanations } from './ram.js';
import type { ExplanationRow } from './row.js';
import { silentRows, type SilentId } from './silent.js';
import { streamExplanations } from './stream.js';

const messageRows: Readonly<Record<MessageId, ExplanationRow>> = {
  ...streamExplanations,
  ...ramExplanations,
  ...deviceExplanations,
  ...hostExplanations,
  ...monitorExplanations,
};

/** What a load can end with: a message of QEMU's, or none. */
export type EndingId = MessageId | SilentId;

function isSilent(id: EndingId): id is SilentId {
  return id in silentRows;
}

/** File and function of QEMU that end the load. */
export function sourceOf(id: EndingId): string {
  return isSilent(id) ? silentRows[id].source : loadMessages[id].source;
}

/** The row of that ending, its values put in as QEMU prints them, escaped; `…` for those that are not known. */
export function explained(id: EndingId, values: MessageValues): ExplanationRow {
  const { meaning, causes, cures } = isSilent(id) ? silentRows[id] : messageRows[id];
  const shown = isSilent(id) ? values : shownValues(id, values);
  const fill = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (_, name: string) =>
      shown[name] === undefined ? '…' : escapeText(String(shown[name])),
    );
  return { meaning: fill(meaning), causes: causes.map(fill), cures: cures.map((cure) => mapCure(cure, fill)) };
}
