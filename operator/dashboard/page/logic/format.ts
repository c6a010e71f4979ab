/** Formats numbers and times for display. Pure. */
import type { DeviceDto } from "../../wire.ts";

/** `3s`, `4m`, `2h 5m`, `3d 4h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours}h` : `${hours}h ${minutes % 60}m`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days}d` : `${days}d ${hours % 24}h`;
}

/** How long ago. @param time epoch seconds, or null for never */
export function ago(time: number | null, now: number): string {
  if (time === null) return "never";
  const seconds = now - time;
  return seconds < 1.5 ? "now" : `${duration(seconds)} ago`;
}

/** `14:05:09` in the reader's time zone. */
export function timeOfDay(time: number): string {
  return new Date(time * 1000).toTimeString().slice(0, 8);
}

/** `2026-11-27 14:05` in the reader's time zone. */
export function dayAndTime(time: number): string {
  const date = new Date(time * 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${
    timeOfDay(time).slice(0, 5)
  }`;
}

/** The reader's time zone, in which all times are shown: `Europe/Berlin, UTC+2`. */
export function zoneWords(now: Date = new Date()): string {
  const minutes = -now.getTimezoneOffset();
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${String(size % 60).padStart(2, "0")}`;
  const offset = minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "-" : "+"}${Math.floor(size / 60)}${rest}`;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return timeZone === offset ? offset : `${timeZone}, ${offset}`;
}

/** `14:05:09.120`. */
export function preciseTime(time: number): string {
  return `${timeOfDay(time)}.${String(Math.floor((time % 1) * 1000)).padStart(3, "0")}`;
}

/** `0.4%`, `12%`. */
export function percent(value: number | null): string {
  if (value === null) return "–";
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}%`;
}

/** `38 MB`, `1.2 GB`. */
export function megabytes(value: number | null): string {
  if (value === null) return "–";
  if (value >= 1000) return `${(value / 1024).toFixed(1)} GB`;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} MB`;
}

/** `1,234`, `12.3k`. */
export function count(value: number | null): string {
  if (value === null) return "–";
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(1)}M`;
  return value >= 100_000 ? `${Math.round(value / 1000)}k` : value.toLocaleString("en-US");
}

/** `1 agent`, `2 agents`. */
export function plural(value: number, noun: string): string {
  return `${value.toLocaleString("en-US")} ${noun}${value === 1 ? "" : "s"}`;
}

/** `GPIO27: held by lamp`. */
export function deviceWords({ kind, device, agent, problem }: DeviceDto): string {
  const name = kind === "gpio" || kind === "serial" ? device : `${kind.toUpperCase()} ${device}`;
  const words = [agent === null ? undefined : `held by ${agent}`, problem ?? undefined]
    .filter((word) => word !== undefined);
  if (words.length > 0) return `${name}: ${words.join("; ")}`;
  // A bus is for several agents, and an address without an agent has a driver.
  return kind === "i2c" ? name : `${name}: free`;
}
