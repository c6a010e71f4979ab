/** The addresses of a broker, tried in turn: each listed address, and each IP address of a name. */
import { isIPv4 } from "node:net";
import { type BrokerUrl, singlesOf } from "./broker_url.ts";

/** One address to connect to. */
export interface Address {
  readonly broker: BrokerUrl;
  /** The IP address to use, if the name has several. */
  readonly ip: string | undefined;
  /** As shown to people. */
  readonly text: string;
}

/** All addresses of a name. May reject. */
export type LookUp = (host: string) => Promise<readonly string[]>;

const systemLookUp: LookUp = async (host) => {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
};

/** Invariant: every address is tried once before any is tried again. Names are looked up again in each round. */
export class Addresses {
  #round: readonly Address[] = [];
  #at = 0;

  constructor(private readonly broker: BrokerUrl, private readonly lookUp: LookUp = systemLookUp) {}

  /** The address to try now. */
  async current(): Promise<Address> {
    if (this.#at >= this.#round.length) {
      this.#round = await this.all();
      this.#at = 0;
    }
    return this.#round[this.#at] ?? { broker: this.broker, ip: undefined, text: this.broker.url };
  }

  /** All addresses, looked up now; at least one. */
  async all(): Promise<readonly Address[]> {
    return (await Promise.all(singlesOf(this.broker).map((one) => this.#placesOf(one)))).flat();
  }

  /** Whether there is more than one address. */
  get areSeveral(): boolean {
    return this.#round.length > 1;
  }

  /** Moves on after a connection has failed or ended. @returns whether the round is over */
  next(): boolean {
    this.#at += 1;
    return this.#at >= this.#round.length;
  }

  async #placesOf(broker: BrokerUrl): Promise<Address[]> {
    const usual = { broker, ip: undefined, text: broker.url };
    // A WebSocket connects by its URL alone.
    if (!/^mqtts?:/.test(broker.url) || isIPv4(broker.host) || broker.host.includes(":")) return [usual];
    const ips = (await this.lookUp(broker.host).catch(() => [])).filter(isIPv4);
    if (ips.length < 2) return [usual];
    return [...new Set(ips)].map((ip) => ({ broker, ip, text: `${broker.url} (${ip})` }));
  }
}
