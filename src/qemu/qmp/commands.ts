// The commands whose answers this package reads, with the members that it reads. Other commands may also be executed;
// their result is `unknown`. QEMU: qapi/*.json.

import type { QmpVersion } from './message.js';

/** qapi/run-state.json, RunState: the states that migration can meet. */
export type RunState =
  | 'debug'
  | 'finish-migrate'
  | 'inmigrate'
  | 'internal-error'
  | 'io-error'
  | 'paused'
  | 'postmigrate'
  | 'prelaunch'
  | 'restore-vm'
  | 'running'
  | 'save-vm'
  | 'shutdown'
  | 'suspended'
  | 'watchdog'
  | 'guest-panicked'
  | 'colo'
  | (string & {});

/** qapi/migration.json, MigrationStatus. */
export type MigrationStatus =
  | 'none'
  | 'setup'
  | 'cancelling'
  | 'cancelled'
  | 'active'
  | 'postcopy-active'
  | 'postcopy-paused'
  | 'postcopy-recover'
  | 'completed'
  | 'failed'
  | 'colo'
  | 'pre-switchover'
  | 'device'
  | 'wait-unplug'
  | (string & {});

/** qapi/migration.json, MigrationStats: bytes unless stated otherwise. */
export interface MigrationStats {
  readonly transferred: number;
  readonly remaining: number;
  readonly total: number;
  /** Pages. */
  readonly duplicate: number;
  /** Pages. */
  readonly normal: number;
  readonly 'normal-bytes': number;
  /** Passes over memory. */
  readonly 'dirty-sync-count': number;
  readonly 'page-size': number;
}

/** qapi/migration.json, MigrationInfo; times in milliseconds. */
export interface MigrationInfo {
  readonly status?: MigrationStatus;
  readonly 'error-desc'?: string;
  readonly ram?: MigrationStats;
  readonly 'total-time'?: number;
  readonly downtime?: number;
  readonly 'setup-time'?: number;
  readonly 'xbzrle-cache'?: {
    readonly pages: number;
    readonly bytes: number;
    readonly 'cache-miss': number;
    readonly overflow: number;
  };
}

/** Results of the commands that the toolkit uses. */
export interface QmpCommands {
  'query-version': QmpVersion;
  'query-status': { readonly status: RunState; readonly running: boolean };
  'query-migrate': MigrationInfo;
  'query-migrate-capabilities': readonly { readonly capability: string; readonly state: boolean }[];
  'query-migrate-parameters': Readonly<Record<string, unknown>>;
  'query-kvm': { readonly enabled: boolean; readonly present: boolean };
  'query-commands': readonly { readonly name: string }[];
  'query-memdev': readonly { readonly id?: string; readonly size: number; readonly share?: boolean }[];
  'human-monitor-command': string;
  stop: object;
  cont: object;
  quit: object;
  migrate: object;
  'migrate-incoming': object;
  'migrate-set-capabilities': object;
  'migrate-set-parameters': object;
}
