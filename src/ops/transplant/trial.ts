// The trial at the end, judged: what the destination saved again, having loaded the transplant and never run it, against
// what it was given, field by field. What it changes of its own accord shows when it does the same with the donor. A port: ops
// knows no QEMU. May import bytes, vmstate and its own folder.

import type { ByteSource } from '../../bytes/source.js';
import { latin1 } from '../../bytes/window.js';
import { deviceLabel, isTimer, visitLeaves, type DeviceState } from '../../vmstate/index.js';
import { MAX_DIFFERENCES } from '../../limits.js';
import { runStates } from '../run-states.js';
import { readDonor } from './donor.js';
import { explainRefusal } from './refusal.js';
import type { TransplantDifference, Trial, TrialDifference } from './report.js';
import { bytesText, integerOf, saysSomething, valueText } from './values.js';

/** What a QEMU did with a stream. */
export interface TrialOutcome {
  readonly loaded: boolean;
  /** QEMU's own, on stderr. */
  readonly words: string;
  /** The save that it made of what it had loaded; undefined where it could not, which `words` then says. */
  readonly saved: ByteSource | undefined;
}

export interface TrialPort {
  /** For people: which QEMU. */
  readonly qemu: string;
  /** Loads the file in a throw-away destination and saves it again. */
  attempt(file: string): Promise<TrialOutcome>;
  /** The same with the donor. */
  control(): Promise<TrialOutcome>;
}

export interface Judged {
  readonly trial: Trial;
  /** Why it was refused. */
  readonly refusals: readonly TransplantDifference[];
}

/** `given`: the devices as they were written, `donor`: as the donor has them. */
export async function runTrial(port: TrialPort, file: string, given: readonly DeviceState[], donor: readonly DeviceState[], announced: readonly string[]): Promise<Judged> {
  const { qemu } = port;
  const outcome = await port.attempt(file);
  if (!outcome.loaded) {
    return { trial: { state: 'failed', qemu, words: lastWords(outcome.words), differences: [] }, refusals: explainRefusal(outcome.words) };
  }
  if (outcome.saved === undefined) return { trial: { state: 'failed', qemu, words: `it loads, but cannot be saved again: ${lastWords(outcome.words)}`, differences: [] }, refusals: [] };
  const control = await port.control();
  const own = control.saved === undefined ? [] : differing(valuesOf(donor), await savedValues(control.saved)).map(({ path }) => path);
  const before = valuesOf(given);
  const known = [...announced, ...own, ...given.filter((state) => followsHostClock(state) || holdsRunState(state)).map(({ root }) => root.fullPath)];
  const differences = differing(before, await savedValues(outcome.saved)).map((one): TrialDifference => ({ ...one, announced: known.some((path) => covers(path, one.path)) }));
  // What the destination does to its own save is nothing to tell.
  const told = differences.filter(({ path }) => !own.includes(path)).slice(0, MAX_DIFFERENCES);
  const surprises = told.filter((one) => !one.announced).length;
  if (surprises > 0) return { trial: { state: 'failed', qemu, words: `${surprises} ${surprises === 1 ? 'value' : 'values'} saved otherwise than given, and nothing announced it`, differences: told }, refusals: [] };
  return { trial: { state: 'passed', qemu, compared: before.size, differences: told }, refusals: [] };
}

/** 2001-09-09 in nanoseconds, and 2096: what only the host's clock says; the guest's counts from its start. */
const HOST_TIME = [1_000_000_000_000_000_000n, 4_000_000_000_000_000_000n] as const;

/** Its time goes on while nobody runs: what it holds was another time before it was loaded. */
function followsHostClock({ root }: DeviceState): boolean {
  let found = false;
  visitLeaves(root, (leaf) => {
    if (found || leaf.end - leaf.start !== 8 || !saysSomething(leaf)) return;
    const value = integerOf(leaf) ?? 0n;
    found = value > HOST_TIME[0] && value < HOST_TIME[1] && (isTimer(leaf) || leaf.scalar?.signed === true || /time/.test(leaf.name));
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

function covers(path: string, other: string): boolean {
  return other === path || other.startsWith(`${path}.`) || other.startsWith(`${path}[`);
}

interface Shown {
  readonly bytes: string;
  readonly text: string;
}

type Values = ReadonlyMap<string, Shown>;

function valuesOf(states: readonly DeviceState[]): Values {
  const values = new Map<string, Shown>();
  for (const { root, device, bytes } of states) {
    if (device.vmsd.name === '') values.set(deviceLabel(device), { bytes: Buffer.from(bytes).toString('latin1'), text: bytesText(bytes) });
    else visitLeaves(root, (leaf) => void (saysSomething(leaf) && values.set(leaf.fullPath, { bytes: Buffer.from(leaf.bytes).toString('latin1'), text: valueText(leaf) })));
  }
  return values;
}

async function savedValues(source: ByteSource): Promise<Values> {
  const { sections } = await readDonor(source).finally(() => source.close());
  return valuesOf(sections.map(({ state }) => state));
}

function differing(given: Values, saved: Values): Omit<TrialDifference, 'announced'>[] {
  const paths = new Set([...given.keys(), ...saved.keys()]);
  return [...paths].flatMap((path) => {
    const [one, other] = [given.get(path), saved.get(path)];
    return one?.bytes === other?.bytes ? [] : [{ path, given: one?.text, saved: other?.text }];
  });
}

function lastWords(words: string): string {
  return words.split('\n').map((line) => line.trim()).filter((line) => line !== '').slice(-3).join('; ') || 'it said nothing';
}
