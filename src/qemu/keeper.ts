// Prevents orphans: every QEMU process and temporary folder of this process is entered here, and ends with this
// process. An exit or a signal is handled in this process. For SIGKILL there is a small shell that outlives this
// process just long enough to see the end of its input.

import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Reads `+ pid`, `- pid`, `f folder`, `g folder` lines; at the end of input kills and removes what is left. A process
 * that was started in the last moment is in no line: it is found by the mark in its environment. Twice, since a process
 * that was just forked still has the environment of its parent.
 */
const GUARD = `trap '' INT TERM HUP
mark="$1"; shift
pids=' '
while read -r op arg; do
  case $op in
    +) pids="$pids$arg " ;;
    -) pids="\${pids%% $arg *} \${pids#* $arg }" ;;
    f) set -- "$@" "$arg" ;;
    g) n=$#; while [ $n -gt 0 ]; do [ "$1" = "$arg" ] || set -- "$@" "$1"; shift; n=$((n-1)); done ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done
for round in 1 2; do
  for environ in /proc/[0-9]*/environ; do
    if grep -q "$mark" "$environ" 2>/dev/null; then
      pid="\${environ#/proc/}"
      kill -9 "\${pid%/environ}" 2>/dev/null
    fi
  done
  [ "$round" = 2 ] || sleep 0.2
done
[ $# -eq 0 ] || rm -rf -- "$@"`;

const children = new Set<ChildProcess>();
const folders = new Set<string>();
let guard: Writable | undefined;
/** In the environment of every QEMU of this process, and in no other. */
const MARK = 'MSTREAM_KEEPER';
const mark = `${process.pid}-${randomUUID()}`;
let listening = false;

function tellGuard(line: string): void {
  if (guard === undefined || guard.destroyed) startGuard();
  else guard.write(`${line}\n`);
}

function startGuard(): void {
  const shell = spawn('/bin/sh', ['-c', GUARD, 'mstream-guard', `${MARK}=${mark}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => undefined);
  shell.unref();
  shell.stdin.on('error', () => undefined);
  // A pipe to a child is a socket, although its type says otherwise.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  guard = shell.stdin;
  for (const child of children) if (child.pid !== undefined) guard.write(`+ ${child.pid}\n`);
  for (const folder of folders) guard.write(`f ${folder}\n`);
}

/**
 * Environment for a QEMU that is about to start. The guard is there before QEMU is: a SIGKILL between the two would
 * leave QEMU alone.
 */
export function keeperMark(): Readonly<Record<string, string>> {
  if (guard === undefined || guard.destroyed) startGuard();
  return { [MARK]: mark };
}

/** Ends everything now, without waiting. */
function endAll(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

const onSignal = (signal: NodeJS.Signals): void => {
  endAll();
  if (process.listenerCount(signal) > 1) return; // Another handler decides how this process ends.
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
};

function listen(): void {
  const wanted = children.size + folders.size > 0;
  if (wanted === listening) return;
  listening = wanted;
  for (const signal of SIGNALS) {
    if (wanted) process.on(signal, onSignal);
    else process.off(signal, onSignal);
  }
  if (wanted) process.on('exit', endAll);
  else process.off('exit', endAll);
}

/** From now until its exit, the child ends with this process. */
export function keep(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  children.add(child);
  listen();
  tellGuard(`+ ${pid}`);
  child.once('exit', () => {
    children.delete(child);
    tellGuard(`- ${pid}`);
    listen();
  });
}

/** From now until `dropFolder`, the folder is removed when this process ends. */
export function keepFolder(folder: string): void {
  folders.add(folder);
  listen();
  tellGuard(`f ${folder}`);
}

/** Removes a kept folder. Never throws. */
export function dropFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  if (!folders.delete(folder)) return;
  tellGuard(`g ${folder}`);
  listen();
}

/** The folder stays: it has a new owner, or a new name. */
export function forgetFolder(folder: string): void {
  if (!folders.delete(folder)) return;
  tellGuard(`g ${folder}`);
  listen();
}
