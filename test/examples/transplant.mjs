// The example of docs/api/transplant.md. Run from the root of the repository.

import { memorySink, openContainers } from 'qemu-mstream';
import { nodeDecompressors, openFile } from 'qemu-mstream/node';
import { compareCpu, readDonor, transplant } from 'qemu-mstream/transplant';

const open = async (name) => {
  const file = await openFile(`fixtures/streams/${name}/state.gz`);
  return (await openContainers(file, { decompressors: nodeDecompressors })).inner;
};
// The donor is a save that the destination made of itself: its command line with -S, then `migrate`.
const donorSource = await open('11.1.3-plain');
const donor = await readDonor(donorSource);
await donorSource.close();
const cpu = compareCpu(
  { cpu: 'qemu64', accelerator: 'tcg', features: undefined },
  { asked: 'qemu64', model: null, accelerator: 'tcg', features: [] },
);
const source = await open('4.0.0-plain');
const { written, report } = await transplant(source, memorySink(), donor, { cpu });
await source.close();
console.log(written, report.grade, `${report.copied} values, ${report.sections} sections`);
for (const { grade, kind, path, why } of report.differences.slice(0, 3))
  console.log(`${grade} ${kind} ${path}: ${why}`);
