/** The agent API for the Python side: only text and bytes cross the border, never structures. */
import { LOG_LEVELS, type LogLevel } from "../../../protocol/frames.ts";
import { parseExactly } from "../../../protocol/json.ts";
import type { Agent, I2cPart } from "../../types.d.ts";
import type { PythonFunction } from "./interpreter.ts";
import { outcomeOf } from "./outcome.ts";
import { toPython } from "./payload.ts";

/** A Python object as seen from JavaScript. */
interface Proxy {
  getBuffer(): { readonly data: Uint8Array; release(): void };
  destroy(): void;
}

/** The object given to `agentflow.py`, which calls it by these names. */
// deno-lint-ignore no-explicit-any -- called from Python: the API behind it checks the arguments
export function createPythonApi(agent: Agent): Record<string, (...args: any[]) => unknown> {
  return {
    publish_text: (topic: string, text: string, qos: 0 | 1 | 2, retain: boolean, local: boolean) =>
      agent.publish(topic, text, { qos, retain, local }),
    publish_bytes: (topic: string, bytes: Proxy, qos: 0 | 1 | 2, retain: boolean, local: boolean) =>
      agent.publish(topic, copyOf(bytes), { qos, retain, local }),
    log: (text: string) => agent.log(text),
    alert: (text: string, severity: "info" | "warning" | "error") => agent.alert(text, severity),
    publish_result: (json: string) => agent.publish_result(parseExactly(json)),
    publish_detection: (json: string) => agent.publish_detection(parseExactly(json)),
    reading: (kind: string, value: string, options: string) =>
      agent.reading(kind, JSON.parse(value), JSON.parse(options)),
    offer_switch: async (name: string, on: boolean, deliver: PythonFunction & Proxy) => {
      const offered = await agent.switch(name, { on, onChange: (on) => outcomeOf(deliver(on)) });
      return { on: () => offered.on, set: (on: boolean) => offered.set(on) };
    },
    set_status: (text: string) => agent.set_status(text),
    persist: (key: string, json: string) => agent.persist(key, parseExactly(json)),
    recall: (key: string) => {
      const value = agent.recall(key);
      return value === undefined ? undefined : JSON.stringify(value);
    },
    send_to: async (name: string, json: string, timeout: number) =>
      JSON.stringify(await agent.send_to(name, parseExactly(json), timeout) ?? null),
    agents: () => JSON.stringify(agent.agents()),
    secret: (name: string) => agent.secret(name),
    sensors: async () => JSON.stringify(await agent.sensors()),
    gpio: async (line: string, options: string) => {
      const open = await agent.gpio(line, JSON.parse(options));
      const edges = open.edges();
      return {
        read: () => open.read(),
        write: (value: 0 | 1) => open.write(value),
        close: () => open.close(),
        lost: () => open.lost,
        next_edge: async () => {
          const { value, done } = await edges.next();
          return done === true ? undefined : JSON.stringify(value);
        },
      };
    },
    i2c: async (bus: number, address: number) => {
      const device = await agent.i2c(bus, address);
      return {
        transfer: async (json: string) =>
          JSON.stringify((await device.transfer(partsIn(json))).map((bytes) => bytes.toBase64())),
        close: () => device.close(),
      };
    },
    spi: async (device: string, options: string) => {
      const open = await agent.spi(device, JSON.parse(options));
      return {
        transfer: async (text: string) => (await open.transfer(Uint8Array.fromBase64(text))).toBase64(),
        close: () => open.close(),
      };
    },
    pwm: async (channel: string, options: string) => {
      const open = await agent.pwm(channel, JSON.parse(options));
      return { set: (duty: number) => open.set({ duty }), close: () => open.close() };
    },
    serial: async (path: string, options: string) => {
      const port = await agent.serial(path, JSON.parse(options));
      const [reader, writer] = [port.readable.getReader(), port.writable.getWriter()];
      return {
        read: async () => (await reader.read()).value?.toBase64(),
        write: (text: string) => writer.write(Uint8Array.fromBase64(text)),
        close: () => port.close(),
      };
    },
    read_sensor: async (id: string) => JSON.stringify(await agent.sensor(id).read()),
    subscribe: (filter: string, deliver: PythonFunction & Proxy) => subscribe(agent, filter, deliver),
    aborted: () => agent.signal.aborted,
    stopping: () => aborted(agent.signal),
    write: (level: string, text: string) => write(levelOf(level), text),
    sleep: (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  };
}

async function subscribe(
  agent: Agent,
  filter: string,
  deliver: PythonFunction & Proxy,
): Promise<() => Promise<void>> {
  const handler = (payload: unknown, topic: string) => outcomeOf(deliver(...toPython(payload), topic));
  const end = await agent.subscribe(filter, handler);
  return async () => {
    await end();
    deliver.destroy();
  };
}

/** `[{"write": base64} | {"read": number}, …]` */
function partsIn(json: string): I2cPart[] {
  const parts = JSON.parse(json) as ({ readonly write: string } | { readonly read: number })[];
  return parts.map((part) => "write" in part ? { write: Uint8Array.fromBase64(part.write) } : part);
}

/** Copies the bytes: they lie in the interpreter's memory, which moves when it grows. */
function copyOf(bytes: Proxy): Uint8Array {
  const buffer = bytes.getBuffer();
  try {
    return buffer.data.slice();
  } finally {
    buffer.release();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function levelOf(text: string): LogLevel {
  return LOG_LEVELS.find((level) => level === text) ?? "info";
}

/** Agent code in any language writes log lines with a level through `console`. */
function write(level: LogLevel, text: string): void {
  const { debug, info, warn, error } = console;
  ({ debug, info, warning: warn, error })[level](text);
}
