/** Connects a page's WebSocket to the chat. */
import type { Room } from "../chat/room.ts";

const PING_SECONDS = 30;
/** A page with this much unread data is gone or hangs. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** @param isAdmitted whether the client is still authorized; checked for each message */
export function chatSocket(request: Request, room: Room, isAdmitted: () => boolean): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: PING_SECONDS });
  socket.onopen = () => {
    const guest = room.join({
      send: (message) => {
        if (socket.readyState !== WebSocket.OPEN) return;
        if (socket.bufferedAmount > MAX_WAITING_BYTES) {
          socket.close(4000, "this page does not read its messages");
        } else socket.send(message);
      },
      close: (reason) => socket.close(4000, reason),
    });
    if (guest === undefined) return socket.close(4001, "too many pages use the chat already");
    socket.onmessage = ({ data }) => {
      if (!isAdmitted()) return socket.close(4003, "logged out");
      if (typeof data === "string") guest.receive(data);
    };
    socket.onclose = () => guest[Symbol.dispose]();
  };
  // A close event follows.
  socket.onerror = () => {};
  return response;
}
