// What QEMU says while it loads a stream, as data: for the predictor, which must say it to the letter, and for
// explain, which must know it again. Imports its own folder.

export { isChained, loadFailed } from './chain.js';
export { matchMessage, type MessageMatch } from './match.js';
export { errnoNumber, strerror, wordsOfNumber, type Errno } from './errno.js';
export type { MessageEffect, MessageRow, Wording } from './message.js';
export {
  errnoOf,
  formatMessage,
  loadMessages,
  messageIds,
  shownValues,
  wordingOf,
  type MessageId,
  type MessageValues,
} from './table.js';
