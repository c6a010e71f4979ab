/** Messages that a broker closes the connection over are found among many, and nobody else suffers. Generated. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { MqttClient } from "mqtt";
import { memoryKeeper } from "../../../../runner/link/keeper.ts";
import type { OutgoingMessage } from "../../../../runner/link/link.ts";
import { Sender } from "../../../../runner/link/sender.ts";
import { createLogger } from "../../../../runner/logger.ts";
import { FakeClock, settled } from "../../../support/fake_clock.ts";

/**
 * Closes the connection over a message on `poison/…`; the acknowledgements just before may be lost. Each connection begins with
 * new messages that go before all that wait.
 */
class Broker {
  readonly delivered: OutgoingMessage[] = [];
  connections = 0;

  constructor(private readonly lostAcks: number, private readonly births: number) {}

  /** Resolves when the connection is closed, or nothing more comes. */
  async serve(sender: Sender, clock: FakeClock): Promise<void> {
    this.connections += 1;
    let isOpen = true;
    const acks: (() => void)[] = [];
    const client = {
      connected: true,
      publish: (topic: string, payload: string, _options: unknown, ack: () => void) => {
        if (!isOpen) return;
        if (topic.startsWith("poison/")) isOpen = false;
        else {
          this.delivered.push({ topic, payload } as OutgoingMessage);
          acks.push(ack);
        }
      },
    };
    const birth = { topic: "birth", payload: "", qos: 1, retain: false, class: "control" } as const;
    const sayBirths = () => Array.from({ length: this.births }, () => void sender.publish({ ...birth }));
    sender.begin(client as unknown as MqttClient, sayBirths);
    while (isOpen && sender.queued > 0) {
      for (const ack of acks.splice(0)) ack();
      await clock.advance(100);
    }
    if (isOpen) return;
    for (const ack of acks.slice(0, Math.max(acks.length - this.lostAcks, 0))) ack();
    client.connected = false;
    sender.lost(false, false);
    await settled();
  }
}

const message = fc.record({
  source: fc.constantFrom("one", "two", "three"),
  // Only two of the sources are ever guilty.
  poison: fc.constantFrom("", "", "", "", "", "", "", "", "a", "b"),
});

Deno.test("poison is found in few connections, all else is delivered in order, and only the guilty are told", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 300 }),
      fc.integer({ min: 0, max: 5 }),
      fc.constantFrom(0, 3, 40),
      async (wanted, lostAcks, births) => {
        const clock = new FakeClock();
        const log = createLogger("ERROR", () => {});
        const sender = new Sender({
          limits: { messages: 1000, bytes: 1e6 },
          keeper: memoryKeeper,
          clock,
          log,
        });
        const refused: OutgoingMessage[] = [];
        sender.follow({
          onRestored() {},
          onSent() {},
          onAcknowledged() {},
          onBroken() {},
          onDropped: (message, refusal) => void (refusal !== undefined && refused.push(message)),
        });
        const messages = wanted.map(({ source, poison }, index): OutgoingMessage => ({
          topic: poison === "" || source === "three" ? `fine/${source}` : `poison/${source}/${poison}`,
          payload: String(index),
          qos: 1,
          retain: false,
          class: "telemetry",
          source,
        }));
        for (const one of messages) void sender.publish(one);
        const broker = new Broker(lostAcks, births);
        const poison = messages.filter(({ topic }) => topic.startsWith("poison/"));
        const most = 4 + 5 * new Set(poison.map(({ topic }) => topic)).size;
        while (sender.queued > 0) {
          assert(broker.connections <= most, `${broker.connections} connections`);
          await broker.serve(sender, clock);
        }
        const isPoison = ({ topic }: OutgoingMessage) => topic.startsWith("poison/");
        assertEquals(refused.filter(isPoison).length, poison.length);
        const guilty = new Set(poison.map(({ source }) => source));
        assertEquals(refused.filter(({ source }) => !guilty.has(source)), []);
        for (const source of ["one", "two", "three"]) {
          const topic = `fine/${source}`;
          const came = [...new Set(broker.delivered.filter((one) => one.topic === topic).map(numberOf))];
          const asked = messages.filter((one) => one.topic === topic && !refused.includes(one)).map(numberOf);
          assertEquals(came, asked);
        }
      },
    ),
    { numRuns: 60 },
  );
});

const numberOf = ({ payload }: OutgoingMessage) => Number(payload);
