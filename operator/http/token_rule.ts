/** Decides when an HTTP client must show a token. Pure. */
import { isLoopback } from "../../protocol/broker/loopback.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";

export interface Face {
  /** The address it listens on, and the flag that sets it. */
  readonly listen: { readonly flag: string; readonly address: string };
  /** Whether it signs the commands that clients request: nodes then obey anyone who can reach it. */
  readonly signs: boolean;
  readonly hasToken: boolean;
  /** How to supply a token. */
  readonly advice: string;
}

/** @throws ConfigError if the server would let strangers act as its owner */
export function requireToken({ listen, signs, hasToken, advice }: Face): void {
  if (hasToken) return;
  if (!isLoopback(listen.address)) {
    throw new ConfigError(
      `${listen.flag} ${listen.address} lets other machines in, and they must show a token: ${advice}`,
    );
  }
  if (signs) {
    throw new ConfigError(
      `--sign-key would sign for every user and every program of this machine, so they must show a token: ${advice}`,
    );
  }
}
