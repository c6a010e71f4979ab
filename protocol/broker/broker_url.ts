/** Reads `--broker` and `--port`: a host, or the URL of a broker. Pure. */

/** Default port of each scheme. */
const PORTS: Readonly<Record<string, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };

/** Where the broker is. */
export interface BrokerUrl {
  readonly host: string;
  readonly port: number;
  /** `scheme://host:port/path`, without credentials. */
  readonly url: string;
}

/**
 * @param broker a host name or address, or `mqtt://`, `mqtts://`, `ws://` or `wss://` and the rest of a URL
 * @param port used when the broker is no URL with a port of its own
 * @throws Error that says what is wrong
 */
export function parseBroker(broker: string, port: number | undefined): BrokerUrl {
  const hasScheme = broker.includes("://");
  const bare = !hasScheme && broker.includes(":") && !broker.startsWith("[") ? bracketed(broker) : broker;
  const text = hasScheme ? broker : `mqtt://${bare}`;
  const scheme = text.slice(0, text.indexOf("://"));
  const defaultPort = PORTS[scheme];
  if (defaultPort === undefined) throw new Error(`unknown scheme '${scheme}': use mqtt, mqtts, ws or wss`);
  let url: URL;
  try {
    // Read as a web address: the platform knows how to take those apart, whatever their own scheme.
    url = new URL(text.replace(scheme, "http"));
  } catch {
    throw new Error("not a host name, an address or a broker URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error(
      "credentials do not belong on the command line, where every user of this machine can read them",
    );
  }
  if (!hasScheme && (url.pathname !== "/" || url.search !== "")) {
    throw new Error("not a host name or an address");
  }
  // Not `url.port`: that is empty where the port is the default one of the web.
  const ownPort = /^(?:\[[^\]]*\]|[^:/?#]*):(\d+)/.exec(text.slice(scheme.length + 3))?.[1];
  const chosen = ownPort === undefined ? port ?? defaultPort : Number(ownPort);
  if (chosen === 0) throw new Error("the port must be a whole number from 1 to 65535");
  const path = url.pathname === "/" ? "" : url.pathname + url.search;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: chosen,
    url: `${scheme}://${url.hostname}:${chosen}${path}`,
  };
}

/** `host:port` stays as it is; an IPv6 address needs brackets in a URL. */
function bracketed(broker: string): string {
  return broker.split(":").length > 2 ? `[${broker}]` : broker;
}
