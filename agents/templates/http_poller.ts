/** Fetches a URL regularly, publishes the result, and raises an alert when the URL fails and when it is back. */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** URL to fetch; needs the permission `net` for its host and port. Redirects are not followed. */
  readonly url: string;
  /** Topic for results. */
  readonly topic: string;
  /** Path in the JSON answer to publish, such as `main.temp`; empty: only publish the status. */
  readonly field: string;
  /** Time limit for an answer, seconds. */
  readonly timeout: number;
}

const PARAMETERS: Parameters = {
  "url": "http://localhost:8080/",
  "topic": "http/status",
  "field": "",
  "timeout": 10,
};

/** Maximum size of an answer, bytes. */
const MAX_BYTES = 1024 * 1024;

interface Result {
  readonly ok: boolean;
  readonly status: number | null;
  readonly ms: number;
  readonly value?: unknown;
  readonly error?: string;
}

export async function process(agent: Agent): Promise<void> {
  const result = await poll(agent);
  await agent.publish(PARAMETERS.topic, { url: PARAMETERS.url, ...result, node: agent.node });
  await tell(agent, result);
}

/** Raises one alert when it begins to fail, and one when it is back. */
async function tell(agent: Agent, { ok, status, error }: Result): Promise<void> {
  const failedBefore = agent.state.failed === true;
  agent.state.failed = !ok;
  if (!ok && !failedBefore) {
    await agent.alert(`${PARAMETERS.url} fails: ${error ?? `status ${status}`}`, "error");
  } else if (ok && failedBefore) {
    await agent.alert(`${PARAMETERS.url} is back`, "info");
  }
}

async function poll(agent: Agent): Promise<Result> {
  const { url, field, timeout } = PARAMETERS;
  const start = performance.now();
  const ms = () => Math.round(performance.now() - start);
  try {
    const signal = AbortSignal.any([agent.signal, AbortSignal.timeout(timeout * 1000)]);
    const response = await fetch(url, { signal, redirect: "manual" });
    const text = await bounded(response);
    const { ok, status } = response;
    return field === "" || !ok
      ? { ok, status, ms: ms() }
      : { ok, status, ms: ms(), value: pick(text, field) };
  } catch (error) {
    // Aborted because the agent is stopping: not a failure of the server.
    agent.signal.throwIfAborted();
    const { message, cause } = error as Error;
    return { ok: false, status: null, ms: ms(), error: cause instanceof Error ? cause.message : message };
  }
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`the answer is longer than ${MAX_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function pick(text: string, field: string): unknown {
  let value: unknown = JSON.parse(text);
  for (const name of field.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
      throw new Error(`the answer has no '${field}'`);
    }
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
