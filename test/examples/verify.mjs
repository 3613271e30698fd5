// The example of docs/api/verify.md. Run from the root of the repository.

import { openStream } from 'qemu-mstream';
import { openFile } from 'qemu-mstream/node';
import { builtinDestination, destinationLabel, explain, predict, verifyStream } from 'qemu-mstream/verify';

const path = 'fixtures/example/state';
const stream = await openStream(await openFile(path), { bodies: 'devices' });
const { verdict, findings } = await verifyStream(stream);
await stream.close();
console.log(verdict);
for (const { severity, code, text } of findings) console.log(`${severity} ${code}: ${text}`);

const destination = await builtinDestination(await openFile(path), { version: { major: 7, minor: 2 } });
const prediction = await predict(await openFile(path), destination);
console.log(destinationLabel(destination), prediction.verdict, prediction.messages);

for (const { id, text } of explain(prediction.messages.join('\n'))) console.log(`${id}: ${text}`);
