/** The addresses of a broker, tried in turn: those of a list, and those of a name that has several. */
import { isIPv4 } from "node:net";
import { type BrokerUrl, singlesOf } from "./broker_url.ts";

/** One address to connect to. */
export interface Address {
  readonly broker: BrokerUrl;
  /** Where the name leads in this attempt, if it leads to several places. */
  readonly ip: string | undefined;
  /** For people. */
  readonly text: string;
}

/** All addresses of a name. May reject. */
export type LookUp = (host: string) => Promise<readonly string[]>;

const systemLookUp: LookUp = async (host) => {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
};

/**
 * Invariant: every address is tried once before any is tried again. Names are asked anew in each round.
 */
export class Addresses {
  #round: readonly Address[] = [];
  #at = 0;

  constructor(private readonly broker: BrokerUrl, private readonly lookUp: LookUp = systemLookUp) {}

  /** The address whose turn it is. */
  async current(): Promise<Address> {
    if (this.#at >= this.#round.length) {
      this.#round = await this.all();
      this.#at = 0;
    }
    return this.#round[this.#at] ?? { broker: this.broker, ip: undefined, text: this.broker.url };
  }

  /** One round of them: at least one. */
  async all(): Promise<readonly Address[]> {
    return (await Promise.all(singlesOf(this.broker).map((one) => this.#placesOf(one)))).flat();
  }

  /** Whether there is another one to go to. */
  get areSeveral(): boolean {
    return this.#round.length > 1;
  }

  /** The connection there has failed or ended. @returns whether the round is over */
  next(): boolean {
    this.#at += 1;
    return this.#at >= this.#round.length;
  }

  async #placesOf(broker: BrokerUrl): Promise<Address[]> {
    const usual = { broker, ip: undefined, text: broker.url };
    // A WebSocket finds its way by its URL alone.
    if (!/^mqtts?:/.test(broker.url) || isIPv4(broker.host) || broker.host.includes(":")) return [usual];
    const ips = (await this.lookUp(broker.host).catch(() => [])).filter(isIPv4);
    if (ips.length < 2) return [usual];
    return [...new Set(ips)].map((ip) => ({ broker, ip, text: `${broker.url} (${ip})` }));
  }
}
