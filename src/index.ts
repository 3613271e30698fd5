// The public API, named exports only. Everything here is documented where it stands; docs/api.md is made from it.

export { MigrationStreamError, errorCodes, type ErrorCode, type ErrorDetails } from './base/errors.js';
export { span, spanLength, type Span } from './base/span.js';
export { escapeText, quote } from './base/quote.js';

export { Cursor, type CursorOptions } from './bytes/cursor.js';
export { Emitter } from './bytes/emitter.js';
export {
  forwardSource,
  memorySink,
  memorySource,
  rangeSource,
  type ByteSink,
  type ByteSource,
} from './bytes/source.js';
export { Window } from './bytes/window.js';
export { openFileSink, type FileSinkOptions } from './bytes/node/file-sink.js';
export { openFile } from './bytes/node/file-source.js';
export type { MemoryOrigin, MemoryTarget } from './bytes/memory.js';
export { memoryFile, openMemory } from './bytes/node/memory-file.js';

export { compressions, type Compression, type Decompressor, type Decompressors } from './bytes/decompressor.js';
export { flushDecoders } from './bytes/node/flush-decoders.js';
export { inflate } from './bytes/node/inflate.js';
export { nodeDecompressors } from './bytes/node/decompressors.js';

export { commandFacts, commandName, migCommand } from './wire/command.js';
export { capabilitiesOf, type Configuration, type ConfigurationSubsection } from './wire/configuration.js';
export { layoutAliases, layouts, type BlockLayout, type How, type LayoutName } from './wire/dialect.js';
export { mappedBitmapSize, mappedPagesOffset, type MappedRamHeader } from './wire/mapped-ram.js';
export { type RamBlockEntry } from './wire/ram-block.js';
export { ramFlag } from './wire/ram-flags.js';
export { type SectionHeader, type SectionKind } from './wire/section.js';

export type { ChannelFacts } from './ram/channels/channel.js';
export type { FlushDecoder, FlushDecoders } from './ram/channels/flush-decoder.js';
export type { MergeFacts } from './ram/channels/merge.js';
export { type DialectEvent, type RamEvent, type RamMark } from './ram/event.js';
export type { GuestMemory, GuestMemoryParts } from './ram/guest-memory.js';
export type { LastVersions, PageState, PageVersion } from './ram/last-versions.js';
export type { Inflate } from './ram/page-decoder.js';
export type { MultifdMethod } from './wire/multifd-packet.js';
export { type LayoutTrial } from './ram/infer-layout.js';
export { buildPageRuns, type PageValue } from './ram/page-builder.js';
export { PageIndex, type PageCounts } from './ram/page-index.js';
export { pageKind, pageKindNames, PageRuns, type PageKindName } from './ram/page-runs.js';

export { coverageOf, decodeDevice, meaningOf, type Coverage, type Meaning } from './devices/index.js';
export {
  ArrayBranch,
  Branch,
  DeviceEdit,
  deviceLabel,
  encodeDevice,
  findDevices,
  findInDevice,
  findNodes,
  formatSchema,
  Leaf,
  leaves,
  parseSchema,
  type BranchKind,
  type DescriptionSchema,
  type DeviceSchema,
  type DeviceState,
  type EditedDevice,
  type EditValue,
  type FieldChange,
  type FieldNode,
  type FieldSchema,
  type LeafRole,
  type Override,
  type Scalar,
  type ScalarKind,
  type Value,
  type VmsdSchema,
} from './vmstate/index.js';

export {
  type ContainerDocument,
  type ContainerFacts,
  type ContainerNote,
  type Layer,
  type OpenContext,
} from './container/container.js';
export { openContainers, type Nest } from './container/open.js';
export { recognise, recogniseSource, type Recognised, type RecogniseOptions } from './container/recognise.js';

export { type Boundary, type StreamEvent, type WarningCode } from './stream/event.js';

export { type BlockRow, type IgnoredHow } from './ops/block-rows.js';
export { readDevices, type DevicesOptions, type StreamDevices } from './ops/devices/read-devices.js';
export { readLayouts } from './ops/devices/schema-from.js';
export { type LayoutOrigin, type Layouts, type StreamDevice } from './ops/devices/stream-device.js';
export { inspect, type Inspection, type MapRow, type StreamWarning, type Totals } from './ops/inspect.js';
export { parseDocument } from './ops/json/check.js';
export { decodeItems, type DecodeOptions, type RamFile } from './ops/json/decode.js';
export {
  type DecodedDocument,
  type DocumentBlock,
  type DocumentField,
  type DocumentItem,
  type DocumentSubsection,
  type RamReference,
} from './ops/json/document.js';
export { encodeDocument } from './ops/json/encode.js';
export { openGuestMemory, type GuestMemoryOptions } from './open/guest-memory.js';
export { joinChannels, type JoinedStream } from './open/join-channels.js';
export { toMapped, type ToMappedOptions } from './ops/convert/to-mapped.js';
export { toPlain, type ToPlainOptions } from './ops/convert/to-plain.js';
export { openStream, type MigrationStream, type OpenOptions } from './open/open-stream.js';
export { type Clue, type Producer } from './open/producer.js';
export { type QemuVersion } from './release/version.js';
export { explain, type Explanation, type Place } from './ops/explain/explain.js';
export type { ExplanationRow } from './release/causes/row.js';
export {
  formatMessage,
  loadFailed,
  matchMessage,
  type Errno,
  type MessageEffect,
  type MessageId,
  type MessageMatch,
  type MessageValues,
} from './release/messages/index.js';
export { findingCodes, type Finding, type FindingCode } from './ops/verify/codes.js';
export type { CodeFacts, Severity } from './ops/verify/finding.js';
export type { Loadable, LoadableReason } from './ops/verify/loadable.js';
export { verifyMemory, withMemory, type MemoryFacts } from './ops/verify/memory.js';
export {
  verifyStream,
  type DestinationPrediction,
  type Verification,
  type VerifyVerdict,
} from './ops/verify/verify.js';
export { createWriter, type StreamWriter } from './open/create-writer.js';
export { Refused, type RefusalCode } from './base/refused.js';
export { type Difference, type Edit, type EditName } from './ops/rewrite/edit.js';
export { rewrite, type RewriteOptions, type RewriteResult } from './ops/rewrite/rewrite.js';
export { readDonor, type Donor } from './ops/transplant/donor.js';
export type { OfferedFeatures } from './destination/destination.js';
export { readVmstateTables, type TableNames, type VmstateTables } from './destination/vmstate-tables.js';
export {
  type CpuAnswer,
  type DifferenceKind,
  type Grade,
  type TransplantDifference,
  type TransplantReport,
  type Trial,
  type TrialDifference,
} from './ops/transplant/report.js';
export { transplant, type TransplantOptions, type TransplantResult } from './ops/transplant/transplant.js';
