/** The names and addresses of this machine, as its resolver and its kernel know them. */
import { lookup } from "node:dns/promises";
import type { Net } from "./broker_address.ts";

/** A broker on this machine answers faster than this, or does not run. */
const PATIENCE_MS = 500;

export const systemNet: Net = {
  async lookUp(host) {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  },
  ownAddresses: () => Deno.networkInterfaces().map(({ address }) => address),
  async answers(address, port) {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      (await Deno.connect({ hostname: address, port, signal })).close();
      return true;
    } catch {
      // Nobody listens, or nobody answered in time.
      return false;
    }
  },
};
