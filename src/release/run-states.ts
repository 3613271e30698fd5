// QEMU's run states, as a state's globalstate names them. QEMU: RunState, qapi/run-state.json. Imports nothing.

export const runStates: ReadonlySet<string> = new Set([
  'debug',
  'inmigrate',
  'internal-error',
  'io-error',
  'paused',
  'postmigrate',
  'prelaunch',
  'finish-migrate',
  'restore-vm',
  'running',
  'save-vm',
  'shutdown',
  'suspended',
  'watchdog',
  'guest-panicked',
  'colo',
]);
