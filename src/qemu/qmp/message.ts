// The types of QEMU's monitor messages, and the only place that turns a line of JSON into a message. Numbers are
// JavaScript numbers: above 2^53 QEMU's 64-bit integers lose their low bits here.

/** QEMU: qapi/control.json, VersionInfo. */
export interface QmpVersion {
  readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number };
  /** The distributor's package name, often empty. */
  readonly package: string;
}

/** QEMU's first message. docs/interop/qmp-spec, "Server Greeting". */
export interface QmpGreeting {
  readonly version: QmpVersion;
  /** Capabilities that can be negotiated, e.g. `oob`. */
  readonly capabilities: readonly string[];
}

/** docs/interop/qmp-spec, "Asynchronous events". */
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Seconds and microseconds of QEMU's clock; both are -1 when QEMU could not read the clock. */
  readonly timestamp: { readonly seconds: number; readonly microseconds: number };
  /** Number of the event on this connection, counted by this client from 0. */
  readonly sequence: number;
}

export type QmpMessage =
  | { readonly kind: 'greeting'; readonly greeting: QmpGreeting }
  | { readonly kind: 'event'; readonly event: Omit<QmpEvent, 'sequence'> }
  | { readonly kind: 'return'; readonly id: number | undefined; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number | undefined; readonly class: string; readonly desc: string };

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function integer(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function greetingOf(said: Json): QmpGreeting {
  const version = isObject(said['version']) ? said['version'] : {};
  const qemu = isObject(version['qemu']) ? version['qemu'] : {};
  const capabilities = Array.isArray(said['capabilities']) ? said['capabilities'].map(text) : [];
  return {
    version: {
      qemu: { major: integer(qemu['major'], 0), minor: integer(qemu['minor'], 0), micro: integer(qemu['micro'], 0) },
      package: text(version['package']),
    },
    capabilities,
  };
}

/**
 * Reads a line. Returns undefined for JSON that is not a QMP message.
 * @throws SyntaxError when the line is not JSON.
 */
export function parseMessage(line: string): QmpMessage | undefined {
  const said: unknown = JSON.parse(line);
  if (!isObject(said)) return undefined;
  if (isObject(said['QMP'])) return { kind: 'greeting', greeting: greetingOf(said['QMP']) };
  if (typeof said['event'] === 'string') {
    const stamp = isObject(said['timestamp']) ? said['timestamp'] : {};
    return {
      kind: 'event',
      event: {
        event: said['event'],
        data: isObject(said['data']) ? said['data'] : {},
        timestamp: { seconds: integer(stamp['seconds'], -1), microseconds: integer(stamp['microseconds'], -1) },
      },
    };
  }
  const id = typeof said['id'] === 'number' ? said['id'] : undefined;
  if ('return' in said) return { kind: 'return', id, value: said['return'] };
  if (isObject(said['error'])) {
    return { kind: 'error', id, class: text(said['error']['class']), desc: text(said['error']['desc']) };
  }
  return undefined;
}

/** "7.2.22". Distributors of a development version set the micro number to 50 or more; it is kept unchanged. */
export function versionText(version: QmpVersion): string {
  const { major, minor, micro } = version.qemu;
  return `${major}.${minor}.${micro}`;
}
