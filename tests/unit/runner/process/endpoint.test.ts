import { assertEquals } from "@std/assert";
import { parseSockets } from "../../../../runner/process/sockets.ts";
import { endpointInodes, holderOf } from "../../../../runner/process/endpoint.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const row = (local: number, remote: number, state: string, inode: number) => {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  return `   0: 0100007F:${hex(local)} 0100007F:${
    hex(remote)
  } ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000 100 0 0 10 0\n`;
};

Deno.test("the other end is what listens on the port, or has accepted this very connection", () => {
  const table = HEAD + row(1883, 0, "0A", 1) + row(1883, 40_000, "01", 2) + row(1883, 40_001, "01", 3) +
    row(40_000, 1883, "01", 4) + row(1884, 0, "0A", 5) + row(1883, 40_000, "06", 0);
  assertEquals(endpointInodes(parseSockets(table), { port: 1883, localPort: 40_000 }), ["1", "2"]);
  assertEquals(endpointInodes([], { port: 1883, localPort: 40_000 }), []);
});

Deno.test("a process that has the other end is found, accepted or not; others are not", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const ends = { port: listener.addr.port, localPort: connection.localAddr.port };
  assertEquals(holderOf(ends, [1, Deno.pid]), Deno.pid);
  using _accepted = await listener.accept();
  assertEquals(holderOf(ends, [Deno.pid]), Deno.pid);
  assertEquals(holderOf(ends, [2 ** 22 + 1]), undefined);
  assertEquals(holderOf({ port: connection.localAddr.port, localPort: 1 }, [Deno.pid]), undefined);
});
