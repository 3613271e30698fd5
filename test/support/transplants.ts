// Transplants in memory, for tests.
import { memorySink, memorySource } from '../../src/bytes/source.js';
import { readDonor } from '../../src/ops/transplant/donor.js';
import { transplant, type TransplantOptions, type TransplantResult } from '../../src/ops/transplant/transplant.js';

export interface Transplanted extends TransplantResult {
  readonly bytes: Uint8Array;
}

/** `source` onto the save `donor`. */
export async function transplanted(
  source: Uint8Array,
  donor: Uint8Array,
  options: TransplantOptions = {},
): Promise<Transplanted> {
  const sink = memorySink();
  const result = await transplant(memorySource(source), sink, await readDonor(memorySource(donor)), options);
  return { ...result, bytes: sink.bytes() };
}
