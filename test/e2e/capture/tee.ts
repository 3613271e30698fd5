// A tee between two QEMUs: accepts the source's connections on one Unix socket, joins each to the destination's, and
// keeps what went either way, per connection. Imports nothing of ours.

import { connect, createServer, type Server, type Socket } from 'node:net';

interface Joined {
  readonly forward: Buffer[];
  readonly back: Buffer[];
  readonly over: Promise<void>;
}

export class Tee {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #joined: Joined[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on `from`; every connection is passed on to `to`. */
  static async listen(from: string, to: string): Promise<Tee> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    const tee = new Tee(server);
    // QEMU before 7.2 tells the main channel by order, so a connection is passed on only when the one before it has
    // been.
    let before = Promise.resolve();
    server.on('connection', (source) => {
      before = before.then(() => tee.#join(source, to));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(from, resolve);
    });
    return tee;
  }

  #join(source: Socket, to: string): Promise<void> {
    return new Promise((resolve) => {
      const destination = connect({ path: to, allowHalfOpen: true });
      const forward: Buffer[] = [];
      const back: Buffer[] = [];
      const over = Promise.all(
        [source, destination].map((socket) => new Promise<void>((closed) => socket.once('close', () => closed()))),
      ).then(() => undefined);
      this.#joined.push({ forward, back, over });
      for (const [one, other, kept] of [
        [source, destination, forward],
        [destination, source, back],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('data', (piece: Buffer) => kept.push(piece));
        one.pipe(other);
      }
      destination.once('connect', () => {
        source.resume();
        resolve();
      });
      destination.once('error', (error) => {
        source.destroy(error);
        resolve();
      });
    });
  }

  /** Ends everything and returns what went over each connection, in the order in which they came. */
  async end(): Promise<{ readonly forward: Buffer; readonly back: Buffer }[]> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#joined.map(({ over }) => over));
    return this.#joined.map(({ forward, back }) => ({ forward: Buffer.concat(forward), back: Buffer.concat(back) }));
  }
}
