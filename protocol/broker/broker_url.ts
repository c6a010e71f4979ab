/** Reads `--broker` and `--port`: a host, or the URL of a broker. Pure. */

/** Default port of each scheme. */
const PORTS: Readonly<Record<string, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };

/** Where the broker is. */
export interface BrokerUrl {
  readonly host: string;
  readonly port: number;
  /** `scheme://host:port/path`, without credentials. */
  readonly url: string;
  /** Further addresses of the same broker, tried in turn. */
  readonly others?: readonly BrokerUrl[];
}

/** Each address of a broker by itself. */
export function singlesOf({ others = [], ...first }: BrokerUrl): readonly BrokerUrl[] {
  return [first, ...others];
}

/** The addresses of a broker as a person writes them. */
export function writtenList(broker: BrokerUrl): string {
  return singlesOf(broker).map(({ url }) => url).join(",");
}

/**
 * Reads one address, or several separated by commas.
 * @throws Error that says what is wrong, as `parseBroker`
 */
export function parseBrokers(text: string, port: number | undefined): BrokerUrl {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.some((part) => part === "")) throw new Error("an address between two commas is empty");
  const [first, ...others] = parts.map((part) => parseBroker(part, port));
  if (first === undefined) throw new Error("there is no address");
  const isSecure = ({ url }: BrokerUrl) => /^(mqtts|wss):/.test(url);
  const odd = others.find((other) => isSecure(other) !== isSecure(first));
  // Otherwise, anyone who can block the first address would get the password in plain text.
  if (odd !== undefined) throw new Error(`all addresses have TLS or none: ${first.url} and ${odd.url}`);
  return others.length === 0 ? first : { ...first, others };
}

/**
 * @param broker a host name or address, or `mqtt://`, `mqtts://`, `ws://` or `wss://` URL
 * @param port used when the broker is not a URL with its own port
 * @throws Error that says what is wrong
 */
export function parseBroker(broker: string, port: number | undefined): BrokerUrl {
  const hasScheme = broker.includes("://");
  const { rest, zone } = withoutZone(broker);
  const bare = !hasScheme && rest.includes(":") && !rest.startsWith("[") ? bracketed(rest) : rest;
  const text = hasScheme ? rest : `mqtt://${bare}`;
  const scheme = text.slice(0, text.indexOf("://"));
  const defaultPort = PORTS[scheme];
  if (defaultPort === undefined) throw new Error(`unknown scheme '${scheme}': use mqtt, mqtts, ws or wss`);
  let url: URL;
  try {
    // Parse it as a web address, which the platform can do for any scheme.
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
  // Not `url.port`: it is empty for the web's default port.
  const [, written = "", ownPort] = /^(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?/.exec(text.slice(scheme.length + 3)) ??
    [];
  checkAsWritten(written, url.hostname);
  const chosen = ownPort === undefined ? port ?? defaultPort : Number(ownPort);
  if (chosen === 0) throw new Error("the port must be a whole number from 1 to 65535");
  const path = url.pathname === "/" ? "" : url.pathname + url.search;
  const address = url.hostname.replace(/^\[|\]$/g, "");
  if (zone === undefined) {
    return { host: address, port: chosen, url: `${scheme}://${url.hostname}:${chosen}${path}` };
  }
  if (scheme !== "mqtt") {
    throw new Error(
      `an address with a zone (%${zone}) works with mqtt:// alone: use another address, or a name`,
    );
  }
  // RFC 6874, 2.
  return {
    host: `${address}%${zone}`,
    port: chosen,
    url: `${scheme}://[${address}%25${zone}]:${chosen}${path}`,
  };
}

/** Whether it is a link-local address with a zone. */
export function hasZone({ host }: BrokerUrl): boolean {
  return host.includes("%");
}

/** `host:port` stays as it is; an IPv6 address needs brackets in a URL. */
function bracketed(broker: string): string {
  return broker.split(":").length > 2 ? `[${broker}]` : broker;
}

/** Splits off the zone of a link-local IPv6 address (`%eth0`, or `%25eth0` in a URL): web addresses have none. */
function withoutZone(broker: string): { readonly rest: string; readonly zone: string | undefined } {
  const found = /^((?:\w+:\/\/)?\[?[\da-f]*:[\da-f:]*)%([\w.~-]+)(?=\]|$)/i.exec(broker);
  const [whole, before = "", given = ""] = found ?? [];
  if (whole === undefined) return { rest: broker, zone: undefined };
  const zone = broker.includes("://") ? given.replace(/^25(?=.)/, "") : given;
  return { rest: before + broker.slice(whole.length), zone };
}

/** The URL parser accepts ambiguous addresses: it reads 010 as eight, and 1883 as an address. */
function checkAsWritten(written: string, understood: string): void {
  const isPlain = /^[\x21-\x7e]*$/.test(written) && !written.startsWith("[");
  const isAddress = /^\d+(\.\d+){3}$/.test(understood);
  if (written.toLowerCase() === understood || (!isPlain && !isAddress)) return;
  if (written.startsWith("[")) return;
  const port = /^\d{1,5}$/.test(written) ? `; for a port, use --port ${written}` : "";
  throw new Error(
    isAddress
      ? `'${written}' is not an address: that is four numbers from 0 to 255 without zeros before them${port}`
      : `'${written}' is not a host name: '${understood}' would be taken for it`,
  );
}
