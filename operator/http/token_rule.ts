/** When somebody who asks over HTTP must show a token. Pure. */
import { isLoopback } from "../../protocol/broker/loopback.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";

export interface Face {
  /** The address it listens at, and the flag that says so. */
  readonly listen: { readonly flag: string; readonly address: string };
  /** Whether it signs what it is asked to command: nodes obey whoever may ask it. */
  readonly signs: boolean;
  readonly hasToken: boolean;
  /** How a token is given. */
  readonly advice: string;
}

/** @throws ConfigError for a face that would do for strangers what its owner alone may */
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
