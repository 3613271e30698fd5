// `qemu-mstream`: the portable core. It opens, inspects, writes and rewrites streams, and needs nothing of Node.

export {
  MigrationStreamError,
  errorCodes,
  type ErrorCode,
  type ErrorDetails,
  type OuterPlace,
} from '../base/errors.js';
export type { Cure, Hint, HintCode, HintValues, PlainCode } from '../base/hint.js';
export { Refused, type RefusalCode } from '../base/refused.js';
export type { SavedStateRow } from '../base/saved-state.js';
export type { Span } from '../base/span.js';

export { blobSource } from '../bytes/blob-source.js';
export type { Compressor, Compressors } from '../bytes/compressor.js';
export type { CursorOptions } from '../bytes/cursor.js';
export {
  compressions,
  type Compression,
  type Decompressor,
  type Decompressors,
  type FlushDecoder,
  type FlushDecoders,
} from '../bytes/decompressor.js';
export type { MemoryOrigin, MemoryTarget } from '../bytes/memory.js';
export type { ReadAheadOptions } from '../bytes/read-ahead.js';
export {
  forwardSource,
  memorySink,
  memorySource,
  rangeSource,
  type ByteSink,
  type ByteSource,
} from '../bytes/source.js';

export {
  type ContainerDocument,
  type ContainerFacts,
  type ContainerNote,
  type KeepContext,
  type Kept,
  type Layer,
  type OpenContext,
} from '../container/container.js';
export { keepContainers } from '../container/keep.js';
export { openContainers, type Nest } from '../container/open.js';
export {
  recognise,
  recogniseSource,
  type Recognised,
  type RecognisedKind,
  type RecogniseOptions,
} from '../container/recognise.js';

export { openGuest, type Guest, type GuestOptions } from '../ops/guest/guest.js';
export { extract, type AddressedFormat, type Extraction } from '../ops/extract/extract.js';
export type { Deflate } from '../ops/extract/kdump/pages.js';
export { type Selection } from '../ops/extract/plan.js';
export { viewMemory, type MemoryView, type ViewOptions } from '../ops/mem/view.js';
export { portableSearch, type Search } from '../memory/find.js';
export { type GuestBlocks } from '../memory/guest-blocks.js';
export { type MapEntry } from '../memory/layout.js';
export { type AddressSpace, type Mapping } from '../memory/paging/address-space.js';
export { type PhysicalMap, type PhysicalRange } from '../memory/physical-map.js';
export { type PhysicalReader } from '../memory/physical-reader.js';
export { physicalSource, virtualSource } from '../memory/sources.js';
export { type VirtualReader } from '../memory/virtual-reader.js';
export { openGuestMemory, type GuestMemoryOptions } from '../open/guest-memory.js';
export { joinChannels, type JoinedStream } from '../open/join-channels.js';
export { openStream, type MigrationStream, type OpenOptions } from '../open/open-stream.js';
export type { Bodies } from '../stream/reader-state.js';
export { createWriter, type StreamWriter } from '../open/create-writer.js';
export type { Clue, Producer } from '../open/producer.js';
export type { QemuVersion } from '../release/version.js';

export type { Boundary, StreamEvent, WarningCode } from '../stream/event.js';
export type { ChannelFacts } from '../ram/channels/channel.js';
export type { MergeFacts } from '../ram/channels/merge.js';
export type { DialectEvent, RamEvent, RamMark } from '../ram/event.js';
export type { GuestMemory } from '../ram/guest-memory.js';
export type { PageState } from '../ram/last-versions.js';
export type { Inflate } from '../ram/page-decoder.js';
export type { LayoutTrial } from '../ram/infer-layout.js';
export { buildPageRuns, type PageValue } from '../ram/page-builder.js';
export type { PageCounts, PageIndex } from '../ram/page-index.js';
export { pageKind, pageKindNames, type PageKindName, type PageRuns } from '../ram/page-runs.js';
export { commandName, migCommand } from '../wire/command.js';
export { capabilitiesOf, type Configuration, type ConfigurationSubsection } from '../wire/configuration.js';
export { layoutAliases, layouts, type BlockLayout, type How, type LayoutName } from '../wire/dialect.js';
export type { MappedRamHeader } from '../wire/mapped-ram.js';
export type { MultifdMethod } from '../wire/multifd-packet.js';
export type { RamBlockEntry } from '../wire/ram-block.js';
export { ramFlag } from '../wire/ram-flags.js';
export type { SectionHeader, SectionKind } from '../wire/section.js';

export { type BlockRow, type IgnoredHow } from '../ops/block-rows.js';
export { inspect, type Inspection, type MapRow, type StreamWarning, type Totals } from '../ops/inspect.js';
export { diff, type DiffInput, type DiffOptions } from '../ops/diff/diff.js';
export type { MemoryFiles } from '../ops/diff/memory.js';
export {
  countDifferences,
  type BlockDifference,
  type DeviceDifference,
  type Diff,
  type DiffSide,
  type FieldDifference,
  type PageRange,
  type StatementDifference,
} from '../ops/diff/result.js';
export type { RecordCost, Stat, StateStat } from '../ops/stat/result.js';
export { stat, type StatInput, type StatOptions } from '../ops/stat/stat.js';
export { toMapped, type ToMappedOptions } from '../ops/convert/to-mapped.js';
export { toPlain, type ToPlainOptions } from '../ops/convert/to-plain.js';
export { parseDocument } from '../ops/json/check.js';
export { decodeItems, type DecodeOptions, type RamFile } from '../ops/json/decode.js';
export {
  type DecodedDocument,
  type DocumentBlock,
  type DocumentField,
  type DocumentItem,
  type DocumentSubsection,
  type RamReference,
} from '../ops/json/document.js';
export { encodeDocument, type EncodeOptions } from '../ops/json/encode.js';
export type { FieldJson, FieldValue } from '../ops/devices/field-json.js';
export type { Difference, Edit, EditName } from '../ops/rewrite/edit.js';
export { rewrite, type RewriteOptions, type RewriteResult } from '../ops/rewrite/rewrite.js';
