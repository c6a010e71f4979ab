/** The connection of a command: loaded only by a command that connects. */
import type { Environment } from "../../protocol/config/flag.ts";
import { Bus } from "../bus.ts";
import { Commander } from "../commander.ts";
import { Fleet } from "../fleet/fleet.ts";
import type { Operator } from "../operator.ts";
import type { Signer } from "../signer.ts";
import type { Connection } from "./options.ts";
import { rememberFleet } from "./seen.ts";

/** The part of a command that its connection needs. */
interface Context {
  readonly env: Environment;
  /** How long to wait for an answer. */
  readonly timeoutMs?: number | undefined;
  /** Tells a person what happens to the connection. */
  note(line: string): void;
}

/**
 * Connects, runs `work`, and remembers the fleet that it saw.
 * @throws BusError when the broker cannot be reached; ConfigError for an unusable key
 */
export async function withOperator<T>(
  run: Context,
  connection: Connection,
  work: (operator: Operator, connection: Connection) => Promise<T>,
): Promise<T> {
  const { broker, access, signKey } = connection;
  const signer = signKey === undefined ? undefined : await openSigner(signKey);
  await using bus = await Bus.connect({
    broker,
    access,
    ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
    onStatus: (status) =>
      run.note(status.kind === "connected" ? "Connected to the broker again" : status.reason),
  });
  const operator = { bus, commander: new Commander(bus, signer, bus.connectMs), fleet: new Fleet() };
  try {
    return await work(operator, connection);
  } finally {
    await rememberFleet(operator.fleet, run.env);
  }
}

/** Signing loads a library of its own. */
async function openSigner(path: string): Promise<Signer> {
  const { Signer } = await import("../signer.ts");
  return await Signer.open(path);
}
