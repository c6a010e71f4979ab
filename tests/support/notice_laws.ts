/** What holds for notices that are kept in the dashboard's database, whichever it is: the same tests for each. */
import { assertEquals, assertRejects } from "@std/assert";
import type { RuleFields } from "../../operator/dashboard/notice_wire.ts";
import type { Channel } from "../../operator/dashboard/server/notice/channels/channel.ts";
import { DeliveryError } from "../../operator/dashboard/server/notice/channels/channel.ts";
import { Courier } from "../../operator/dashboard/server/notice/courier.ts";
import { DatabaseShelf } from "../../operator/dashboard/server/notice/database_shelf.ts";
import type { NoticeMessage } from "../../operator/dashboard/server/notice/message.ts";
import { Notices } from "../../operator/dashboard/server/notice/notices.ts";
import { NOTICE_PART } from "../../operator/dashboard/server/notice/tables.ts";
import type { Place } from "../../operator/dashboard/server/store/place.ts";
import { Store } from "../../operator/dashboard/server/store/store.ts";
import type { Law } from "./store_laws.ts";

const RULE: RuleFields = {
  name: "nodes",
  watch: { kind: "node_off", node: "*" },
  hold_seconds: 60,
  calm_seconds: 0,
  repeat_seconds: 0,
  channels: ["phone"],
  enabled: true,
};
const NOW = 1_790_000_000;

/** A channel that remembers what it accepted. */
class Told implements Channel {
  readonly kind = "webhook";
  readonly messages: NoticeMessage[] = [];
  /** Thrown instead of accepting. */
  refusal: Error | undefined;

  get heard(): string[] {
    return this.messages.map(({ what }) => what);
  }

  send(message: NoticeMessage): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.messages.push(message);
    return Promise.resolve();
  }
}

/** A dashboard's notices, with a world that the test makes up. */
class Desk {
  /** Nodes that are off. */
  readonly off = new Set<string>();
  now = NOW;
  readonly errors: unknown[] = [];
  readonly notices: Notices;
  readonly courier: Courier;

  constructor(readonly shelf: DatabaseShelf, channels: Readonly<Record<string, Channel>>) {
    const onError = (error: unknown) => void this.errors.push(error);
    this.notices = new Notices({
      shelf,
      view: () => ({
        nodes: ["attic", "hall"].map((name) => node(name, !this.off.has(name))),
        agents: [],
        readings: () => [],
        broker: { connected: true, since: 0 },
      }),
      onDeliveries: () => {},
      onChange: () => {},
      onError,
    });
    this.courier = new Courier({
      shelf,
      channels: new Map(Object.entries(channels)),
      mayTell: () => this.notices.isLeading,
      now: () => this.now,
      onChange: () => {},
      onError,
    });
  }

  /** Judges the rules, and sends what is due. */
  async at(now: number): Promise<void> {
    this.now = now;
    await this.notices.tick(now);
    await this.courier.wake();
  }

  async end(): Promise<void> {
    await this.courier.dispose();
    await this.notices.dispose();
  }
}

function node(name: string, isOn: boolean) {
  return {
    ...{ name, isOn, online: isOn, last_seen: null, listening_since: 0, agents: [], runtime: null },
    ...{ version: null, uptime: null, cpu: null, memory_mb: null, queue: null, dropped: null },
    ...{ clock_skew: null, labels: {}, sensors: [], board: "", devices: [] },
  };
}

async function open(place: Place) {
  const store = await Store.open({ place, parts: [NOTICE_PART], log: () => {}, flushMs: 0 });
  return Object.assign(store, { shelf: new DatabaseShelf(store.db) });
}

export const NOTICE_LAWS: readonly Law[] = [
  {
    name: "a notice goes on where it was after a restart: told once, and its end as well",
    fn: (withPlace) =>
      withPlace(async (place) => {
        const phone = new Told();
        {
          await using store = await open(place);
          const desk = new Desk(store.shelf, { phone });
          await desk.at(NOW);
          await desk.notices.saveRule(undefined, RULE);
          desk.off.add("attic");
          await desk.at(NOW);
          await desk.at(NOW + 40);
          assertEquals(phone.heard, []);
          await desk.end();
        }
        {
          await using store = await open(place);
          const desk = new Desk(store.shelf, { phone });
          desk.off.add("attic");
          await desk.at(NOW + 61);
          assertEquals(phone.heard, ["begins"], "the time before the restart counts");
          const [notice] = desk.notices.active;
          await desk.notices.acknowledge(notice?.id ?? "", "ann", NOW + 62);
          await desk.end();
        }
        await using store = await open(place);
        const desk = new Desk(store.shelf, { phone });
        desk.off.add("attic");
        await desk.at(NOW + 70);
        assertEquals(desk.notices.active.map(({ subject, acknowledged }) => [subject, acknowledged?.by]), [
          ["attic", "ann"],
        ]);
        desk.off.clear();
        await desk.at(NOW + 80);
        assertEquals(phone.heard, ["begins", "ends"]);
        assertEquals((await store.shelf.ended(10)).map(({ subject, ended }) => [subject, ended]), [
          ["attic", NOW + 80],
        ]);
        await desk.end();
      }),
  },
  {
    name: "what was committed is sent by the next dashboard, if this one is killed before it sends",
    fn: (withPlace) =>
      withPlace(async (place) => {
        await using store = await open(place);
        const killed = new Desk(store.shelf, { phone: new Told() });
        await killed.at(NOW);
        await killed.notices.saveRule(undefined, { ...RULE, hold_seconds: 0 });
        killed.off.add("attic");
        await killed.notices.tick(NOW + 1);
        const phone = new Told();
        const next = new Desk(store.shelf, { phone });
        next.off.add("attic");
        await next.at(NOW + 2);
        assertEquals(phone.heard, [], "the killed one may still be there");
        await next.at(NOW + 62);
        await next.at(NOW + 63);
        assertEquals(phone.heard, ["begins"]);
      }),
  },
  {
    name:
      "killed between acceptance and its mark, it sends again with the same id; alive, it does not send again",
    fn: (withPlace) =>
      withPlace(async (place) => {
        await using store = await open(place);
        const phone = new Told();
        const desk = new Desk(store.shelf, { phone });
        await desk.at(NOW);
        await desk.notices.saveRule(undefined, { ...RULE, hold_seconds: 0 });
        desk.off.add("attic");
        const markSent = store.shelf.markSent.bind(store.shelf);
        store.shelf.markSent = () => Promise.reject(new Error("the database is away"));
        await desk.at(NOW + 1);
        await desk.at(NOW + 2);
        assertEquals([phone.heard, desk.errors.length], [["begins"], 2]);
        await desk.notices.dispose();
        const next = new Desk(store.shelf, { phone });
        next.off.add("attic");
        store.shelf.markSent = markSent;
        await next.at(NOW + 3);
        await next.at(NOW + 4);
        assertEquals(phone.heard, ["begins", "begins"]);
        assertEquals(new Set(phone.messages.map(({ id }) => id)).size, 1);
      }),
  },
  {
    name: "a commit whose answer is lost is repeated, and adds nothing twice",
    fn: (withPlace) =>
      withPlace(async (place) => {
        await using store = await open(place);
        const phone = new Told();
        const desk = new Desk(store.shelf, { phone });
        await desk.at(NOW);
        await desk.notices.saveRule(undefined, { ...RULE, hold_seconds: 0 });
        desk.off.add("attic");
        const commit = store.shelf.commit.bind(store.shelf);
        store.shelf.commit = async (what) => {
          await commit(what);
          throw new Error("the connection broke");
        };
        await desk.at(NOW + 1);
        store.shelf.commit = commit;
        await desk.at(NOW + 2);
        await desk.at(NOW + 3);
        assertEquals(phone.heard, ["begins"]);
      }),
  },
  {
    name: "a channel that fails is tried again, later and later, in its order, and holds up no other",
    fn: (withPlace) =>
      withPlace(async (place) => {
        await using store = await open(place);
        const [phone, mail] = [new Told(), new Told()];
        const desk = new Desk(store.shelf, { phone, mail });
        await desk.at(NOW);
        await desk.notices.saveRule(undefined, { ...RULE, hold_seconds: 0, channels: ["phone", "mail"] });
        phone.refusal = new DeliveryError("phone.example answers 503", "passing");
        desk.off.add("attic");
        await desk.at(NOW + 1);
        desk.off.add("hall");
        await desk.at(NOW + 2);
        assertEquals([phone.heard.length, mail.messages.map(({ subject }) => subject)], [0, [
          "attic",
          "hall",
        ]]);
        phone.refusal = undefined;
        await desk.at(NOW + 5);
        assertEquals(phone.heard, [], "not yet");
        await desk.at(NOW + 6);
        assertEquals(phone.messages.map(({ subject }) => subject), ["attic", "hall"]);
        const deliveries = await store.shelf.deliveries(10);
        assertEquals(deliveries.map(({ status }) => status), ["sent", "sent", "sent", "sent"]);
      }),
  },
  {
    name: "what a channel will never accept is given up, with its reason, and the next one is sent",
    fn: (withPlace) =>
      withPlace(async (place) => {
        await using store = await open(place);
        const phone = new Told();
        const desk = new Desk(store.shelf, { phone });
        await desk.at(NOW);
        await desk.notices.saveRule(undefined, { ...RULE, hold_seconds: 0 });
        phone.refusal = new DeliveryError("phone.example answers 404", "final");
        desk.off.add("attic");
        await desk.at(NOW + 1);
        phone.refusal = undefined;
        desk.off.add("hall");
        await desk.at(NOW + 2);
        assertEquals(
          (await store.shelf.deliveries(10)).map(({ status, error }) => [status, error]),
          [["sent", null], ["failed", "phone.example answers 404"]],
        );
      }),
  },
  {
    name: "only one dashboard of a database tells; the other takes over when that one ends",
    fn: (withPlace) =>
      withPlace(async (place) => {
        await using store = await open(place);
        const [phone, other] = [new Told(), new Told()];
        const first = new Desk(store.shelf, { phone });
        const second = new Desk(store.shelf, { phone: other });
        await first.at(NOW);
        const rule = await first.notices.saveRule(undefined, { ...RULE, hold_seconds: 0 });
        await second.at(NOW);
        await assertRejects(() => second.notices.muteRule(rule.id, NOW + 1), Error, "another dashboard");
        for (const desk of [first, second]) desk.off.add("attic");
        for (const desk of [first, second]) await desk.at(NOW + 20);
        assertEquals([phone.heard, other.heard], [["begins"], []]);
        await first.notices.muteRule(rule.id, NOW + 500);
        await first.end();
        await second.at(NOW + 40);
        assertEquals(second.notices.rules.map(({ muted_until }) => muted_until), [NOW + 500]);
        second.off.add("hall");
        await second.at(NOW + 499);
        assertEquals(other.heard, [], "muted");
        await second.at(NOW + 500);
        assertEquals(other.messages.map(({ subject }) => subject), ["hall"]);
      }),
  },
];
