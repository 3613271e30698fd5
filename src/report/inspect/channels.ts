// The multifd channels beside a stream, in `mstream inspect`: one row each, and what joining them found.

import { escapeText } from '../../base/quote.js';
import type { MergeFacts } from '../../ram/channels/merge.js';
import { countText, plural } from '../quantity.js';
import { renderTable, type Column } from '../table.js';
import type { Theme } from '../theme.js';

const columns: readonly Column[] = [
  { title: 'id', align: 'right' },
  { title: 'channel' },
  { title: 'packets', align: 'right' },
  { title: 'syncs', align: 'right' },
  { title: 'data', align: 'right' },
  { title: 'zero', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'compression' },
  { title: 'device state' },
];

export async function channelLines(facts: MergeFacts, theme: Theme): Promise<string[]> {
  const { channels, syncs, ordered, ambiguous, leftOver, complete } = facts;
  const rows = channels.map((channel) => [
    String(channel.id),
    theme.name(escapeText(channel.label)),
    countText(channel.packets),
    countText(channel.syncs),
    countText(channel.normalPages),
    countText(channel.zeroPages),
    countText(channel.bytes),
    [...channel.methods].join(', '),
    [...channel.devices].map(([name, { packets }]) => `${escapeText(name)} (${plural(packets, 'packet')})`).join(', '),
  ]);
  const notes = [
    `  ${plural(syncs, 'sync')} of the main channel, and of every channel as many`,
    ...(ordered > 0
      ? [`  ${plural(ordered, 'page')} came over two channels between two syncs: packet numbers order them`]
      : []),
    ...(ambiguous > 0
      ? [
          theme.warning(
            `  ${plural(ambiguous, 'page')} came over two channels between two syncs, and packet numbers repeat: their order is not known`,
          ),
        ]
      : []),
    ...(complete ? [] : ['  too many pages to look for those that came twice between two syncs']),
    ...(leftOver > 0
      ? [theme.warning(`  ${plural(leftOver, 'page')} behind the last sync: QEMU does not wait for them`)]
      : []),
  ];
  return [theme.heading(`Channels: ${channels.length}`), ...(await renderTable(columns, rows, theme)), ...notes];
}
