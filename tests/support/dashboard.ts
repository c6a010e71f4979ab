/** A dashboard in the test's own process: real server, real connection to the broker. */
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { type Dashboard, type DashboardOptions, startDashboard } from "../../operator/dashboard/start.ts";
import { buildPage, type Page } from "../../operator/dashboard/server/page_files.ts";

let page: Promise<Page> | undefined;

/** Built once for all tests of a file: it is the same for all. */
export function builtPage(): Promise<Page> {
  return page ??= buildPage();
}

/** One that acts and shows all, unless told otherwise; connected to the broker when this returns. */
export async function openDashboard(
  brokerPort: number,
  options: Partial<DashboardOptions> = {},
): Promise<Dashboard> {
  const connected = Promise.withResolvers<void>();
  const dashboard = await startDashboard({
    broker: parseBroker("127.0.0.1", brokerPort),
    access: {},
    listen: "127.0.0.1",
    httpPort: 0,
    hostNames: [],
    token: undefined,
    allowControl: true,
    showCode: true,
    signer: undefined,
    page: await builtPage(),
    log: (message) => {
      if (message.startsWith("Connected")) connected.resolve();
    },
    ...options,
  });
  await connected.promise;
  return dashboard;
}

/** An answer of the API. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

/** Posts JSON, as the page does. */
export async function post(url: string, body: unknown, headers: HeadersInit = {}): Promise<Answered> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, json: await response.json() };
}

/** The status that a request gets which `fetch` would not send. */
export async function rawStatus(url: string, head: string): Promise<number> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(`${head}\r\nAccept: */*\r\n\r\n`));
  const buffer = new Uint8Array(64);
  const size = await connection.read(buffer) ?? 0;
  return Number(/^HTTP\/1.1 (\d+)/.exec(new TextDecoder().decode(buffer.subarray(0, size)))?.[1]);
}
