/**
 * Has the broker library acknowledge a message of QoS 1 once it is stored and passed on. On its own, the library
 * acknowledges it first: a message would be lost, although acknowledged, if the process ended at that moment.
 */

type Done = (error?: Error | null) => void;

interface Packet {
  readonly qos: number;
  readonly topic: string;
}

/** The parts of the library that a message passes. */
export interface Publishing {
  authorizePublish: (client: never, packet: never, done: Done) => void;
  publish: (...args: never[]) => void;
}

export interface Acknowledging {
  /** Resolves when everything passed on so far is stored; `undefined` if there is nothing to wait for. */
  readonly stored: () => Promise<void> | undefined;
  /** A forbidden message is acknowledged and dropped: MQTT 3.1.1 offers no other answer (3.3.5). */
  readonly mayPublish: (client: object, topic: string) => boolean;
}

export function acknowledgeWhenStored(broker: Publishing, { stored, mayPublish }: Acknowledging): void {
  const authorize = broker.authorizePublish.bind(broker) as (
    client: object | null,
    packet: Packet,
    done: Done,
  ) => void;
  const publish = broker.publish.bind(broker) as (packet: Packet, client: object | null, done: Done) => void;
  const published = new WeakSet<Packet>();
  const publishAndStore = (packet: Packet, client: object | null, done: Done) =>
    publish(packet, client, (error) => {
      const storing = packet.qos > 0 && !error ? stored() : undefined;
      if (storing === undefined) done(error);
      else void storing.then(() => done());
    });
  // The library calls this before it acknowledges, and `publish` after.
  broker.authorizePublish = (client: object | null, packet: Packet, done: Done) => {
    if (client !== null && !mayPublish(client, packet.topic)) {
      published.add(packet);
      return done();
    }
    authorize(client, packet, (error) => {
      if (error || packet.qos !== 1 || client === null) return done(error);
      published.add(packet);
      publishAndStore(packet, client, done);
    });
  };
  broker.publish = (packet: Packet, client?: object | Done | null, done: Done = () => {}) => {
    if (isDone(client)) return publish(packet, null, client);
    if (published.delete(packet)) return done();
    publishAndStore(packet, client ?? null, done);
  };
}

function isDone(given: object | Done | null | undefined): given is Done {
  return typeof given === "function";
}
