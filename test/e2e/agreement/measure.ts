// Prediction and reality side by side: every case is predicted and given to a real QEMU, two at a time. Imports its own
// folder, ops/verify and qemu/ask.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { inflate } from '../../../src/bytes/node/inflate.js';
import { memorySource, type ByteSource } from '../../../src/bytes/source.js';
import type { Destination } from '../../../src/destination/destination.js';
import { predict } from '../../../src/loader/index.js';
import { askDestination } from '../../../src/qemu/ask/ask.js';
import type { AgreementCase, Library } from './cases.js';
import { firmwareFiles } from './captures.js';
import { DEADLINE, tryStream, type Outcome, type Verdict } from './trial.js';

/** What the suite needs of a prediction. */
export interface Predicted {
  readonly verdict: Verdict | 'unknown';
  readonly messages: readonly string[];
}

export type Predictor = (
  source: ByteSource,
  profile: Destination,
  options: Pick<AgreementCase, 'capabilities' | 'transport'>,
) => Promise<Predicted>;

export interface Result {
  readonly name: string;
  readonly rule: AgreementCase['rule'];
  readonly release: string;
  readonly predicted: Predicted;
  readonly real: Outcome;
}

/** Profiles, each asked once. */
export class Profiles {
  readonly #library: Library;
  readonly #folder: string;
  readonly #known = new Map<string, Promise<Destination>>();
  readonly #dumps = new Map<string, Destination['tables']>();
  /** Milliseconds that asking took, all together. */
  spent = 0;

  constructor(library: Library, folder: string) {
    this.#library = library;
    this.#folder = folder;
  }

  of(one: Pick<AgreementCase, 'release' | 'argv'>): Promise<Destination> {
    const key = `${one.release} ${JSON.stringify(one.argv)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const asked = this.#ask(one);
    this.#known.set(key, asked);
    return asked;
  }

  async #ask({ release, argv }: Pick<AgreementCase, 'release' | 'argv'>): Promise<Destination> {
    const started = performance.now();
    // Memory files are left behind, each of its own size.
    const cwd = join(this.#folder, String(this.#known.size));
    mkdirSync(cwd, { recursive: true });
    for (const file of firmwareFiles) symlinkSync(file, join(cwd, basename(file)));
    // -dump-vmstate is most of the work, and depends on executable and machine type only.
    const type = `${release} ${(argv[argv.indexOf('-M') + 1] ?? '').split(',')[0]}`;
    const profile = await askDestination(this.#library.qemu(release).binary, argv, {
      cwd,
      tables: this.#dumps.get(type),
    });
    if (profile.tables !== undefined) this.#dumps.set(type, profile.tables);
    this.spent += performance.now() - started;
    return profile;
  }

  get count(): number {
    return this.#known.size;
  }
}

/** The predictor itself. */
export const ours: Predictor = (source, profile, options) => predict(source, profile, { ...options, inflate });

/** Predicts all and tries all. @throws what neither side should: QEMU not starting, a predictor that throws */
export async function measure(
  cases: readonly AgreementCase[],
  library: Library,
  predictor: Predictor = ours,
): Promise<{ readonly results: readonly Result[]; readonly profiles: Profiles }> {
  const folder = mkdtempSync(join(tmpdir(), 'mstream-agreement-'));
  const results: Result[] = [];
  try {
    const profiles = new Profiles(library, join(folder, 'profiles'));
    let next = 0;
    const worker = async (number: number): Promise<void> => {
      for (let one = cases[next++]; one !== undefined; one = cases[next++]) {
        try {
          const profile = await profiles.of(one);
          const { capabilities, transport } = one;
          const predicted = await predictor(memorySource(one.stream), profile, { capabilities, transport });
          const real = await reality(one, library, join(folder, `case-${number}`), predicted.verdict === 'hangs');
          results.push({ name: one.name, rule: one.rule, release: one.release, predicted, real });
        } catch (error) {
          throw new Error(`${one.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, {
            cause: error,
          });
        }
      }
    };
    await Promise.all([worker(0), worker(1)]);
    return { results, profiles };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Somebody who waits too short for a busy machine would see it hang: nobody believes that at once. */
async function reality(
  one: AgreementCase,
  library: Library,
  folder: string,
  expectedToHang: boolean,
): Promise<Outcome> {
  const trial = { binary: library.qemu(one.release).binary, ...one };
  const outcome = await tryStream(trial, folder, firmwareFiles);
  return outcome.verdict === 'hangs' && !expectedToHang
    ? tryStream(trial, folder, firmwareFiles, 5 * DEADLINE)
    : outcome;
}
