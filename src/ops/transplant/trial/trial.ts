// The trial at the end, judged: what the destination saved again, having loaded the transplant and never run it,
// against what it was given, field by field. What it changes of its own accord shows when it does the same with the
// donor, and with values of the source in the donor. A port: ops knows no QEMU.

import { latin1Bytes } from '../../../base/bytes.js';
import type { ByteSource } from '../../../bytes/source.js';
import { latin1 } from '../../../bytes/window.js';
import { deviceLabel, isTimer, visitLeaves, type DeviceState } from '../../../vmstate/index.js';
import { MAX_DIFFERENCES } from '../../../limits.js';
import { runStates } from '../../../release/run-states.js';
import { readDonor } from '../donor.js';
import { explainRefusal } from './refusal.js';
import type { Remark } from '../merge/ledger.js';
import { judgeRegions, type PciRegion } from '../pci/pci-regions.js';
import type { Trial, TrialDifference } from '../report.js';
import { bytesText, integerOf, saysSomething, valueText } from '../merge/values.js';

/** What a QEMU did with a stream. */
export interface TrialOutcome {
  readonly loaded: boolean;
  /** QEMU's own, on stderr. */
  readonly words: string;
  /** The save that it made of what it had loaded; undefined where it could not, which `words` then says. */
  readonly saved: ByteSource | undefined;
  /** Of its PCI devices; none where it has no PCI. */
  readonly regions: readonly PciRegion[];
}

/** Bytes for others of the same length. */
export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface TrialPort {
  /** For people: which QEMU. */
  readonly qemu: string;
  /** Loads the stream that begins at byte `at` of the file in a throw-away destination, and saves it again. */
  attempt(file: string, at: number): Promise<TrialOutcome>;
  /** The same with the donor, with these bytes in it. */
  control(patches: readonly Patch[]): Promise<TrialOutcome>;
}

/** What is tried, taken apart. */
export interface Tried {
  readonly file: string;
  /** Where the stream begins in it, bytes. */
  readonly at: number;
  readonly source: readonly DeviceState[];
  /** As they were written. */
  readonly given: readonly DeviceState[];
  readonly donor: readonly DeviceState[];
  /** Paths of which the report speaks. */
  readonly announced: readonly string[];
}

export interface Judged {
  readonly trial: Trial;
  /** What the trial adds to the report. */
  readonly remarks: readonly (Remark & { readonly path: string })[];
}

export async function runTrial(port: TrialPort, { file, at, source, given, donor, announced }: Tried): Promise<Judged> {
  const { qemu } = port;
  const outcome = await port.attempt(file, at);
  if (!outcome.loaded) {
    return {
      trial: { state: 'failed', qemu, words: lastWords(outcome.words), differences: [] },
      remarks: explainRefusal(outcome.words),
    };
  }
  if (outcome.saved === undefined)
    return {
      trial: {
        state: 'failed',
        qemu,
        words: `it loads, but cannot be saved again: ${lastWords(outcome.words)}`,
        differences: [],
      },
      remarks: [],
    };
  const control = await port.control([]);
  const values = { given: valuesOf(given), donor: valuesOf(donor), saved: await savedValues(outcome.saved) };
  const unsteady = new Set(
    control.saved === undefined
      ? []
      : differing(values.donor, await savedValues(control.saved)).map(({ path }) => path),
  );
  const known = [
    ...announced,
    ...given.filter((state) => followsHostClock(state) || holdsRunState(state)).map(({ root }) => root.fullPath),
  ];
  // What the destination does to its own save is nothing to tell.
  const changed = differing(values.given, values.saved).filter(({ path }) => !unsteady.has(path));
  const surprising = changed.filter(({ path }) => !known.some((parent) => covers(parent, path)));
  const always = await setAnyway(port, surprising, values);
  const surprises = new Set(surprising.filter((difference) => !always.includes(difference)));
  const differences = changed
    .slice(0, MAX_DIFFERENCES)
    .map((difference): TrialDifference => ({ ...difference, announced: !surprises.has(difference) }));
  const { compared, wrong } = judgeRegions(source, outcome.regions);
  const remarks = [...remarksOf(always), ...wrong];
  const problems = [
    ...(surprises.size === 0
      ? []
      : [
          `${surprises.size} ${surprises.size === 1 ? 'value' : 'values'} saved otherwise than given, and nothing announced it`,
        ]),
    ...(wrong.length === 0
      ? []
      : [`${wrong.length} ${wrong.length === 1 ? 'region' : 'regions'} of PCI devices out of place`]),
  ];
  if (problems.length > 0)
    return { trial: { state: 'failed', qemu, words: problems.join('; '), differences }, remarks };
  return { trial: { state: 'passed', qemu, compared: values.given.size, regions: compared, differences }, remarks };
}

type Difference = Omit<TrialDifference, 'announced'>;

/**
 * Those that say nothing about the transplant: the destination sets them when it loads, whatever the stream holds. Seen
 * by an experiment: with the source's values in its own save it answers the same.
 */
async function setAnyway(
  port: TrialPort,
  changed: readonly Difference[],
  { given, donor, saved }: Readonly<Record<'given' | 'donor' | 'saved', Values>>,
): Promise<Difference[]> {
  const asked = changed.flatMap((difference) => {
    const [value, donorValue] = [given.get(difference.path), donor.get(difference.path)];
    const fits =
      value !== undefined &&
      donorValue !== undefined &&
      value.bytes.length === donorValue.bytes.length &&
      value.bytes !== donorValue.bytes;
    return fits ? [{ one: difference, patch: { offset: donorValue.offset, bytes: latin1Bytes(value.bytes) } }] : [];
  });
  if (asked.length === 0) return [];
  const outcome = await port.control(asked.map(({ patch }) => patch));
  if (outcome.saved === undefined) return [];
  const answer = await savedValues(outcome.saved);
  return asked.flatMap(({ one: difference }) =>
    saved.has(difference.path) && answer.get(difference.path)?.bytes === saved.get(difference.path)?.bytes
      ? [difference]
      : [],
  );
}

/** One for each list of equal values. */
function remarksOf(always: readonly Difference[]): (Remark & { readonly path: string })[] {
  const lists = new Map<string, Difference[]>();
  for (const difference of always) {
    const key = [difference.path.replace(/\[\d+\]$/, ''), difference.given, difference.saved].join('\0');
    lists.set(key, [...(lists.get(key) ?? []), difference]);
  }
  return [...lists.values()].map((list) => {
    const [{ path, given, saved }] = list as [Difference];
    const times = list.length === 1 ? '' : `${list.length} x `;
    return {
      kind: 'donor',
      grade: 'assumed',
      path: list.length === 1 ? path : path.replace(/\[\d+\]$/, ''),
      before: `${times}${given ?? 'nothing'}`,
      after: `${times}${saved ?? 'nothing'}`,
      why: 'the destination sets this when it loads, whatever the stream holds: with the source’s value in its own save it does the same',
    };
  });
}

/** 2001-09-09 in nanoseconds, and 2096: what only the host's clock says; the guest's counts from its start. */
const HOST_TIME = [1_000_000_000_000_000_000n, 4_000_000_000_000_000_000n] as const;

/** Its time goes on while nobody runs: what it holds was another time before it was loaded. */
function followsHostClock({ root }: DeviceState): boolean {
  let found = false;
  visitLeaves(root, (leaf) => {
    if (found || leaf.end - leaf.start !== 8 || !saysSomething(leaf)) return;
    const value = integerOf(leaf) ?? 0n;
    found =
      value > HOST_TIME[0] &&
      value < HOST_TIME[1] &&
      (isTimer(leaf) || leaf.scalar?.signed === true || /time/.test(leaf.name));
  });
  return found;
}

/** What was being done with the VM: in the trial it is never resumed, so it is paused. */
function holdsRunState({ root }: DeviceState): boolean {
  let found = false;
  visitLeaves(root, (leaf) => {
    if (leaf.field?.type !== 'text') return;
    const end = leaf.bytes.indexOf(0);
    found ||= runStates.has(latin1(leaf.bytes, 0, end === -1 ? leaf.bytes.length : end));
  });
  return found;
}

function covers(path: string, below: string): boolean {
  return below === path || below.startsWith(`${path}.`) || below.startsWith(`${path}[`);
}

interface Shown {
  /** In its stream. */
  readonly offset: number;
  readonly bytes: string;
  readonly text: string;
}

type Values = ReadonlyMap<string, Shown>;

function valuesOf(states: readonly DeviceState[]): Values {
  const values = new Map<string, Shown>();
  for (const { root, device, bytes, base } of states) {
    if (device.vmsd.name === '')
      values.set(deviceLabel(device), {
        offset: base,
        bytes: latin1(bytes, 0, bytes.length),
        text: bytesText(bytes),
      });
    else
      visitLeaves(
        root,
        (leaf) =>
          void (
            saysSomething(leaf) &&
            values.set(leaf.fullPath, {
              offset: leaf.span.start,
              bytes: latin1(leaf.bytes, 0, leaf.bytes.length),
              text: valueText(leaf),
            })
          ),
      );
  }
  return values;
}

async function savedValues(source: ByteSource): Promise<Values> {
  const { sections } = await readDonor(source).finally(() => source.close());
  return valuesOf(sections.map(({ state }) => state));
}

function differing(given: Values, saved: Values): Difference[] {
  const paths = new Set([...given.keys(), ...saved.keys()]);
  return [...paths].flatMap((path) => {
    const [before, after] = [given.get(path), saved.get(path)];
    return before?.bytes === after?.bytes ? [] : [{ path, given: before?.text, saved: after?.text }];
  });
}

function lastWords(words: string): string {
  return (
    words
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .slice(-3)
      .join('; ') || 'it said nothing'
  );
}
