/** The credentials that the policy gives agents, for connections of their own to the broker. */
import { readGuarded } from "../files/local_file.ts";
import type { AgentCredentials, Policy } from "./policy.ts";

/** Shorter passwords could not be redacted from a log without removing unrelated text. */
const MIN_CHARS = 8;
/** MQTT 3.1.1, 3.1.3.5: its length is sent as two bytes. */
const MAX_BYTES = 65_535;

/** A user name and its password, for a connection to the broker. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * Reads the current password: it may have changed since the start.
 * @throws Error for the operator; it never quotes the file
 */
export async function readLogin({ username, password_file }: AgentCredentials): Promise<Login> {
  try {
    const password = (await readGuarded(password_file, "readable")).replace(/\r?\n$/, "");
    if (/[\r\n]/.test(password)) throw new Error("it has more than one line");
    if (password.length < MIN_CHARS) {
      throw new Error(`the password must have at least ${MIN_CHARS} characters, to be recognised in logs`);
    }
    if (new TextEncoder().encode(password).length > MAX_BYTES) {
      throw new Error(`the password is longer than ${MAX_BYTES} bytes`);
    }
    return { username, password };
  } catch (error) {
    throw new Error(
      `agent_credentials: password_file ${password_file} cannot be used: ${(error as Error).message}`,
    );
  }
}

/** Checks that every password file of a policy can be read. @throws Error for the operator */
export async function checkCredentials({ rules, overrides }: Policy): Promise<void> {
  const all = [rules.agent_credentials, ...overrides.map(({ rules }) => rules.agent_credentials ?? false)];
  for (const credentials of all) if (credentials !== false) await readLogin(credentials);
}
