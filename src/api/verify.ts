// `qemu-mstream/verify`: what is wrong with a stream, what a destination will do with it, and what QEMU's words mean.

export { builtinDestination, type BuiltinOptions } from '../destination/builtin-destination.js';
export {
  destinationLabel,
  type Destination,
  type KnownBy,
  type NeutralisedOption,
  type RamBlockFacts,
} from '../destination/destination.js';
export { formatProfile, parseProfile } from '../destination/document.js';
export { BadProfile } from '../destination/profile.js';
export type { Save, SavedCommand, SavedSection, SaveFrame } from '../destination/save.js';
export {
  predict,
  type EndingExplanation,
  type PredictedVerdict,
  type Prediction,
  type PredictOptions,
} from '../loader/index.js';
export { explain, type ExplainFacts, type Explanation, type Place } from '../ops/explain/explain.js';
export type { TrialResult } from '../ops/verify/against.js';
export { findingCodes, type Finding, type FindingCode } from '../ops/verify/codes.js';
export type { CodeFacts, Severity } from '../ops/verify/finding.js';
export type { Loadable, LoadableReason } from '../ops/verify/loadable.js';
export { verifyMemory, withMemory, type MemoryFacts } from '../ops/verify/memory.js';
export {
  verifyStream,
  type DestinationPrediction,
  type Verification,
  type VerifyVerdict,
} from '../ops/verify/verify.js';
export type { EndingId } from '../release/causes/rows.js';
export type { SilentId } from '../release/causes/silent.js';
export type { ExplanationRow } from '../release/causes/row.js';
export type { KnownBug } from '../release/known-bug-row.js';
export {
  formatMessage,
  loadFailed,
  matchMessage,
  type Errno,
  type MessageEffect,
  type MessageId,
  type MessageMatch,
  type MessageValues,
} from '../release/messages/index.js';
