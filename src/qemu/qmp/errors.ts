// The failures of a conversation with QEMU's monitor, one class each. Callers tell "QEMU refused" from "QEMU is gone"
// and from "it takes too long" by type, not by text.

/**
 * QEMU answered a command with an error. QEMU: docs/interop/qmp-spec, "error" response; qapi/error.json,
 * QapiErrorClass.
 */
export class QmpError extends Error {
  /** QEMU's error class, nearly always `GenericError`; also `CommandNotFound`, `DeviceNotFound`, ... */
  readonly class: string;
  /** QEMU's own words, unchanged. */
  readonly desc: string;
  /** The command that was refused. */
  readonly command: string;

  constructor(details: { readonly class: string; readonly desc: string; readonly command: string }) {
    super(`${details.command}: ${details.desc}`);
    this.name = 'QmpError';
    this.class = details.class;
    this.desc = details.desc;
    this.command = details.command;
  }
}

/** The client was asked for an operation that its state does not allow, such as `execute` before `connect`. */
export class StateError extends Error {
  readonly state: string;

  constructor(message: string, state: string) {
    super(message);
    this.name = 'StateError';
    this.state = state;
  }
}

/** The connection ended or could not be made; all pending calls fail with this error at once. */
export class Disconnected extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Disconnected';
  }
}

/** A deadline passed. The message says what was awaited, for how long, and the last message received. */
export class Timeout extends Error {
  /** What was awaited. */
  readonly waitedFor: string;
  /** Milliseconds. */
  readonly after: number;
  /** The last message received, in words. */
  readonly lastSeen: string;

  constructor(waitedFor: string, after: number, lastSeen: string) {
    super(`waited ${(after / 1000).toFixed(1)} s for ${waitedFor}; last seen: ${lastSeen}`);
    this.name = 'Timeout';
    this.waitedFor = waitedFor;
    this.after = after;
    this.lastSeen = lastSeen;
  }
}
