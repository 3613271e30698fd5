// `qemu-mstream/qmp`: a client for QEMU's monitor that needs no other part of this package.

export { QmpClient, type ConnectOptions, type QmpClientOptions, type QmpTarget } from './client.js';
export type { MigrationInfo, MigrationStats, MigrationStatus, QmpCommands, RunState } from './commands.js';
export { Disconnected, QmpError, StateError, Timeout } from './errors.js';
export { MAX_KEPT_EVENTS, type EventCondition, type EventMark, type EventWait } from './events.js';
export { MAX_QMP_LINE } from './line.js';
export { versionText, type QmpEvent, type QmpGreeting, type QmpVersion } from './message.js';
export type { ExecuteOptions, QmpState } from './session.js';
