// The example of docs/api/qmp.md: `node qmp.mjs SOCKET`, where a QEMU runs with -qmp unix:SOCKET,server=on,wait=off -S.

import { QmpClient } from 'qemu-mstream/qmp';

const client = new QmpClient();
await client.connect({ path: process.argv[2] }, { timeoutMs: 5000 });
try {
  console.log(await client.execute('query-status'));
  const mark = client.mark();
  await client.execute('cont');
  const { event } = await client.waitForEvent('RESUME', { since: mark, timeoutMs: 5000 });
  console.log(event);
} finally {
  await client.disconnect();
}
