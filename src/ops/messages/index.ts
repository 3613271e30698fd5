// What QEMU says while it loads a stream, as data: for the predictor, which must say it to the letter, and for
// explain, which must know it again. Imports its own folder.

export { CHAINED_SINCE, isChained, loadFailed } from './chain.js';
export { matchMessage, type MessageMatch } from './match.js';
export { errnoNumber, strerror, type Errno, type MessageEffect, type MessageRow, type Wording } from './message.js';
export { errnoOf, formatMessage, loadMessages, messageIds, wordingOf, type MessageId, type MessageValues } from './table.js';
