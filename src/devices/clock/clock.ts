// Time: the CMOS clock's registers as a date, the seconds that it counts from, timers and clocks as durations. QEMU:
// vmstate_rtc, hw/rtc/mc146818rtc.c; vmstate_timers, cpus; timer_put(), migration/vmstate.c (nanoseconds of the virtual
// clock).

import type { FieldNode } from '../../vmstate/index.js';
import { array, table, u8, type Decoder, type Meaning } from '../rule.js';

const registers = [
  'seconds',
  'seconds_alarm',
  'minutes',
  'minutes_alarm',
  'hours',
  'hours_alarm',
  'day_of_week',
  'day_of_month',
  'month',
  'year',
  'register_a',
  'register_b',
  'register_c',
  'register_d',
];
const CENTURY = 0x32;

/** 14 registers of the clock, then battery-backed memory with the century in the middle. */
const cmos = table('mc146818rtc cmos', [
  ...registers.map(u8),
  array('nvram', 'uint8', 1, CENTURY - 14),
  u8('century'),
  array('nvram_2', 'uint8', 1, 128 - CENTURY - 1),
]);

/** Nanoseconds as seconds with what matters of the fraction. */
function durationText(nanoseconds: bigint): string {
  const negative = nanoseconds < 0n;
  const all = negative ? -nanoseconds : nanoseconds;
  const seconds = all / 1_000_000_000n;
  const rest = (all % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${negative ? '-' : ''}${seconds}${rest === '' ? '' : `.${rest}`} s`;
}

/** What a timer holds: when it goes off, in nanoseconds; all ones when it is not armed. */
export function timerMeaning(node: FieldNode): Meaning | undefined {
  const value = big(node);
  return value === undefined ? undefined : { text: value === -1n ? 'not armed' : `at ${clockText(value)}` };
}

/** Clocks of the host count from 1970, those of the guest from its start. */
function clockText(value: bigint): string {
  if (value < HOST_CLOCK) return durationText(value);
  return `${new Date(Number(value / 1_000_000n)).toISOString().slice(0, 23).replace('T', ' ')} (host clock)`;
}

/** 2001-09-09 in nanoseconds; no guest runs for 31 years. Ten times as much is past what an int64 holds. */
const HOST_CLOCK = 1_000_000_000_000_000_000n;

function big(node: FieldNode): bigint | undefined {
  const value = node.kind === 'leaf' ? node.value : undefined;
  return typeof value === 'bigint' ? value : undefined;
}

function nanoseconds(node: FieldNode): Meaning | undefined {
  const value = big(node);
  return value === undefined ? undefined : { text: clockText(value) };
}

function epoch(node: FieldNode): Meaning | undefined {
  const value = big(node);
  // The year 10000 and later are no times of a clock.
  return value === undefined || value >= 253_402_300_800n
    ? undefined
    : { text: dateText(new Date(Number(value) * 1000)) };
}

function dateText(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} (as the guest counts)`;
}

/** The date that the registers show: BCD unless register B says binary, the hour's top bit is PM in 12-hour mode. */
function cmosDate(node: FieldNode): Meaning | undefined {
  const { bytes } = node;
  if (bytes.length !== 128) return undefined;
  const mode = bytes[11]!;
  const number = (index: number, mask = 0xff): number => {
    const value = bytes[index]! & mask;
    return (mode & 4) === 0 ? (value >> 4) * 10 + (value & 0xf) : value;
  };
  const hour = (mode & 2) === 0 ? (number(4, 0x7f) % 12) + ((bytes[4]! & 0x80) === 0 ? 0 : 12) : number(4);
  const time = Date.UTC(number(CENTURY) * 100 + number(9), number(8) - 1, number(7), hour, number(2), number(0));
  return Number.isNaN(time) ? undefined : { text: dateText(new Date(time)) };
}

export const clock: Decoder = {
  bytes: [
    // hw/timer/nrf51_timer.c.
    { vmsd: 'nrf51_soc.timer', field: 'events_compare', label: 'compare events', element: (index) => `CC[${index}]` },
  ],
  layouts: [
    { vmsd: 'mc146818rtc', field: 'cmos_data', layout: ({ bytes }) => (bytes.length === 128 ? cmos : undefined) },
  ],
  meanings: [
    { vmsd: 'mc146818rtc', field: 'cmos_data', meaning: cmosDate },
    { vmsd: 'mc146818rtc', field: 'base_rtc', meaning: epoch },
    { vmsd: 'mc146818rtc', field: 'last_update', meaning: nanoseconds },
    { vmsd: 'mc146818rtc', field: 'offset', meaning: nanoseconds },
    { vmsd: 'timer', field: 'cpu_clock_offset', meaning: nanoseconds },
    { vmsd: 'timer', field: 'cpu_ticks_offset', meaning: () => ({ text: 'ticks of the TSC' }) },
    { vmsd: 'kvmclock', field: 'clock', meaning: nanoseconds },
  ],
};
