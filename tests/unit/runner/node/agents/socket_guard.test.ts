import { assertEquals } from "@std/assert";
import { MAX_CONNECTIONS, SocketGuard } from "../../../../../runner/node/agents/socket_guard.ts";
import { socketInodes, type TcpSocket } from "../../../../../runner/process/sockets.ts";
import type { Kill } from "../../../../../runner/supervisor/state.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";

const PORT = 1883;

function socket(inode: string, more: Partial<TcpSocket> = {}): TcpSocket {
  return { localPort: 40_000, remotePort: PORT, isListening: false, queuedBytes: 0, inode, ...more };
}

const listening = (inode: string, localPort = PORT) =>
  socket(inode, { localPort, remotePort: 0, isListening: true });

/** Agents by the number of their process, each with the sockets that it has. */
async function watch(
  held: Readonly<Record<number, readonly TcpSocket[]>>,
  net: readonly string[] = [],
  { isBrokerThere = true, ms = 5000 } = {},
) {
  const clock = new FakeClock();
  const kills: [pid: number, limit: Kill["limit"], measured: number][] = [];
  let looks = 0;
  const agents = Object.keys(held).map(Number).filter((pid) => pid > 0).map((pid) => {
    const kill = ({ limit, measured }: Kill) => kills.push([pid, limit, measured]);
    return {
      name: `agent-${pid}`,
      pid,
      kill,
      config: { permissions: { net } },
    } as unknown as SupervisedAgent;
  });
  const guard = new SocketGuard({
    clock,
    agents: () => agents,
    brokerPort: PORT,
    isBrokerThere: () => isBrokerThere,
    sockets: () => Object.values(held).flat(),
    inodesOf: (pid) => {
      looks += 1;
      return new Set(held[pid]?.map(({ inode }) => inode));
    },
  });
  const life = new AbortController();
  const running = guard.run(life.signal);
  await settled();
  await clock.advance(ms);
  life.abort();
  await running;
  return { kills, looks };
}

Deno.test("an agent that listens at the broker's port is ended; the broker, and other ports, are left alone", async () => {
  const { kills } = await watch({ 0: [listening("b")], 1: [listening("i")], 2: [listening("o", 8080)] });
  assertEquals([...new Set(kills.map(String))], ["1,listening,1"]);
});

Deno.test("while the broker is away it is looked at once; while it is there, seldom", async () => {
  const held = { 1: [listening("i")] };
  const soon = { isBrokerThere: false, ms: 250 };
  assertEquals((await watch(held, [], soon)).kills, [[1, "listening", 1]]);
  assertEquals((await watch(held, [], { ...soon, isBrokerThere: true })).kills, []);
});

Deno.test("where nothing is new and there is little, agents' files are not looked at again", async () => {
  const { kills, looks } = await watch({ 0: [listening("b")], 1: [socket("c")] });
  assertEquals([kills, looks], [[], 1]);
});

const many = (count: number) => Array.from({ length: count }, (_, n) => socket(`s${n}`));

Deno.test("an agent that holds too many connections is ended, unless it is granted hosts", async () => {
  assertEquals((await watch({ 1: many(MAX_CONNECTIONS + 1) })).kills, [[
    1,
    "connections",
    MAX_CONNECTIONS + 1,
  ]]);
  assertEquals((await watch({ 1: many(MAX_CONNECTIONS) })).kills, []);
  assertEquals((await watch({ 1: many(MAX_CONNECTIONS + 1) }, ["example.com"])).kills, []);
});

Deno.test("an agent that lets too much wait in the kernel is ended, its neighbour is not", async () => {
  const waiting = (inode: string, mb: number) => socket(inode, { queuedBytes: mb << 20 });
  const { kills } = await watch({ 1: [waiting("a", 10), waiting("b", 10)], 2: [waiting("c", 10)] }, ["x"]);
  assertEquals(kills, [[1, "unread data", 20]]);
});

Deno.test("what the broker has sent to an agent that reads nothing counts as the agent's", async () => {
  const unread = socket("b1", { localPort: PORT, remotePort: 40_001, queuedBytes: 20 << 20 });
  const { kills } = await watch({ 0: [unread], 1: [socket("a", { localPort: 40_001 })], 2: [socket("c")] });
  assertEquals(kills, [[1, "unread data", 20]]);
});

Deno.test("the sockets of a process are those that it has open", async () => {
  const before = socketInodes(Deno.pid).size;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using _client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  assertEquals(socketInodes(Deno.pid).size, before + 2);
  assertEquals(socketInodes(2 ** 22 + 1).size, 0);
});
