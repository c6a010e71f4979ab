/** The socket on which services notify systemd: sd_notify(3). */
import { join } from "@std/path";

/** Notifies the service manager; never throws once it is open. */
export interface NotifySocket extends Disposable {
  /** @param lines assignments such as `READY=1` */
  send(...lines: readonly string[]): Promise<void>;
}

/**
 * @param path `$NOTIFY_SOCKET`: a path, or `@` and the name of an abstract socket
 * @param onProblem called once, when a notification fails
 * @throws Error for the operator, when this process cannot use such sockets
 */
export async function openNotifySocket(
  path: string,
  onProblem: (message: string) => void,
): Promise<NotifySocket> {
  const own = await bindOwn();
  const address: Deno.UnixAddr = {
    transport: "unixpacket",
    path: path.startsWith("@") ? `\0${path.slice(1)}` : path,
  };
  const encoder = new TextEncoder();
  let hasFailed = false;
  return {
    send: async (...lines) => {
      try {
        await own.send(encoder.encode(lines.join("\n")), address);
      } catch (error) {
        if (!hasFailed) onProblem(`Cannot notify systemd on ${path}: ${(error as Error).message}`);
        hasFailed = true;
      }
    },
    [Symbol.dispose]: () => own.close(),
  };
}

/** Deno sends datagrams only from a socket with an address; nobody answers, so its name is removed at once. */
async function bindOwn(): Promise<Deno.DatagramConn> {
  if (typeof Deno.listenDatagram !== "function") {
    throw new Error("Cannot notify systemd: start the runner with deno run --unstable-net");
  }
  const folder = await Deno.makeTempDir({ prefix: "agentflow-notify-" });
  try {
    return Deno.listenDatagram({ transport: "unixpacket", path: join(folder, "socket") });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
