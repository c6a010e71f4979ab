/**
 * Where agents may reach the broker. A grant by name covers every address of that name, and listening there too: for a
 * broker on this machine, agents are granted only the one address it listens on.
 */
import { type BrokerUrl, singlesOf } from "../../protocol/broker/broker_url.ts";

export interface Net {
  /** All addresses of a name. @throws Error when it has none, or cannot be asked */
  lookUp(host: string): Promise<readonly string[]>;
  /** Addresses of this machine, without loopback. */
  ownAddresses(): readonly string[];
  /** Whether somebody listens there. */
  answers(address: string, port: number): Promise<boolean>;
}

/** The address that agents get and may connect to. Never rejects. */
export async function brokerForAgents(broker: BrokerUrl, net: Net): Promise<BrokerUrl> {
  const [first = broker, ...others] = await Promise.all(
    singlesOf(broker).map((one) => addressForAgents(one, net)),
  );
  return others.length === 0 ? first : { ...first, others };
}

async function addressForAgents(broker: BrokerUrl, net: Net): Promise<BrokerUrl> {
  const { host, port, url } = broker;
  // With TLS an impostor has no certificate, and the broker's certificate is for its name.
  const isPlain = url.startsWith("mqtt://") || url.startsWith("ws://");
  if (!isPlain || isAddress(host)) return broker;
  const addresses = await net.lookUp(host).catch(() => []);
  const here = addresses.filter((address) => isLoopback(address) || net.ownAddresses().includes(address));
  const [first] = here;
  // If the name does not resolve here, it does not resolve for an agent. An agent cannot listen on another machine.
  if (first === undefined) return isLoopbackName(host) ? at(broker, "127.0.0.1") : broker;
  for (const address of here) if (await net.answers(address, port)) return at(broker, address);
  return at(broker, here.find((address) => !address.includes(":")) ?? first);
}

function at({ host, port, url }: BrokerUrl, address: string): BrokerUrl {
  const written = address.includes(":") ? `[${address}]` : address;
  return { host: address, port, url: url.replace(`://${host}`, `://${written}`) };
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

function isLoopbackName(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}
