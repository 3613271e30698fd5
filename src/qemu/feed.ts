// Hands a stream that lies in a container to a QEMU: over a socket, or by a copy in the machine's folder where QEMU
// reads pages at their places. QEMU: socket_start_incoming_migration(), migration/socket.c;
// file_start_incoming_migration(), migration/file.c.

import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { readSource, type ByteSource } from '../bytes/source.js';

export interface Feed {
  readonly source: ByteSource;
  /** Bytes between the place that mapped-ram offsets count from and the start of the stream. */
  readonly mappedBase: number;
}

export interface Feeding {
  /** For `migrate-incoming`. */
  readonly uri: string;
  /** Begins to send, once QEMU listens. */
  start(): void;
  /** Stops. The source stays open. */
  stop(): Promise<void>;
}

const BLOCK = 1024 * 1024;

/** `mapped`: the stream has the capability mapped-ram. @throws as the source, where it is copied */
export async function feeding({ source, mappedBase }: Feed, mapped: boolean, folder: string): Promise<Feeding> {
  if (mapped) {
    const file = join(folder, 'state');
    await copy(source, file, mappedBase);
    return { uri: `file:${file},offset=${mappedBase}`, start: () => {}, stop: async () => {} };
  }
  const path = join(folder, 'incoming');
  let socket: Socket | undefined;
  let sent = Promise.resolve();
  return {
    uri: `unix:${path}`,
    start() {
      socket = connect(path);
      // QEMU hangs up where it refuses the stream, and says why itself.
      socket.on('error', () => {});
      // A container that is damaged ends the stream early, and QEMU says what it makes of that.
      sent = send(source, socket).catch(() => {});
    },
    async stop() {
      socket?.destroy();
      await sent;
    },
  };
}

async function send(source: ByteSource, socket: Socket): Promise<void> {
  try {
    for (let at = 0; !socket.destroyed;) {
      const block = new Uint8Array(BLOCK);
      const got = await readSource(source, block, at);
      if (got === 0) return;
      at += got;
      if (!socket.write(block.subarray(0, got))) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    }
  } finally {
    socket.end();
  }
}

/** Mode 0600: it holds guest memory. Blocks of zeros become holes. */
async function copy(source: ByteSource, file: string, base: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    const block = new Uint8Array(BLOCK);
    let at = 0;
    for (let got; (got = await readSource(source, block, at)) > 0; at += got) {
      const bytes = block.subarray(0, got);
      if (bytes.some((byte) => byte !== 0)) await handle.write(bytes, 0, got, base + at);
    }
    await handle.truncate(base + at);
  } finally {
    await handle.close();
  }
}
