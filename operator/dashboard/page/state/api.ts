/** Requests to the server. */
import type { ActionOutcome } from "../../wire.ts";

/** @throws Error with the server's message */
export async function get<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error ?? `the server answers ${response.status}`);
  return body;
}

/** Asks with a body. @throws Error with the server's message */
export async function ask<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `the server answers ${response.status}`);
  return answer;
}

/** Performs an action and returns its outcome; a refusal is also an outcome. */
export async function act(path: string, body: unknown = {}): Promise<ActionOutcome> {
  const startMs = performance.now();
  const failed = (message: string): ActionOutcome => ({
    ok: false,
    message,
    took_ms: Math.round(performance.now() - startMs),
  });
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    return "ok" in answer ? answer : failed(answer.error ?? `the server answers ${response.status}`);
  } catch {
    return failed("the dashboard's server does not answer");
  }
}

/** `/api/agents/…`, with the parts escaped. */
export function apiPath(...parts: readonly string[]): string {
  return `/api/${parts.map(encodeURIComponent).join("/")}`;
}
