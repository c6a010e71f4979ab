/** Connects a page's WebSocket to the chat. */
import type { Room } from "../chat/room.ts";

const PING_SECONDS = 30;
/** A page that takes in so little is gone, or does not live. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** @param isAdmitted whether whoever opened it may still come in: asked for each message */
export function chatSocket(request: Request, room: Room, isAdmitted: () => boolean): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: PING_SECONDS });
  socket.onopen = () => {
    const guest = room.join({
      send: (message) => {
        if (socket.readyState !== WebSocket.OPEN) return;
        if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.close(4000, "this page takes nothing in");
        else socket.send(message);
      },
      close: (reason) => socket.close(4000, reason),
    });
    if (guest === undefined) return socket.close(4001, "too many pages chat already");
    socket.onmessage = ({ data }) => {
      if (!isAdmitted()) return socket.close(4003, "logged out");
      if (typeof data === "string") guest.receive(data);
    };
    socket.onclose = () => guest[Symbol.dispose]();
  };
  // A close follows.
  socket.onerror = () => {};
  return response;
}
