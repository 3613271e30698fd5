// Every property runs with a fixed seed, so that a red run is red again; fast-check prints seed and path on failure.
// MSTREAM_SEED draws other cases, MSTREAM_RUNS multiplies their number: a campaign.
import type fc from 'fast-check';

const factor = Number(process.env['MSTREAM_RUNS'] ?? 1);
const seed = Number(process.env['MSTREAM_SEED'] ?? 20_190_715);

/** Parameters of a property of `runs` cases. */
export function cases(
  runs: number,
): { numRuns: number; seed: number } & Pick<fc.Parameters<unknown>, 'interruptAfterTimeLimit'> {
  return { numRuns: Math.ceil(runs * factor), seed };
}
