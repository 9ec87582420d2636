import { limits } from "../../shared/kernel/limits.ts";
import type { Patience } from "./patience.ts";

/** RFC 6455 7.4.1: an endpoint goes away. It is said to both sides of a tunnel that was silent for too long. */
const goingAway = 1001;
/** RFC 6455 7.4.1, of the IANA registry: try again later. */
const tryAgainLater = 1013;

/**
 * Joins a server's WebSocket to one for the client, message by message in both directions, and ends both when `patience`
 * is over, or when one side does not take what the other sends.
 *
 * @param server as the server's 101 has it.
 * @returns the client's end, for the 101 to the client.
 */
export function tunnel(server: WebSocket, patience: Patience): WebSocket {
  const { 0: client, 1: inner } = new WebSocketPair();
  join(server, inner, patience);
  join(inner, server, patience);
  patience.signal.addEventListener("abort", () => {
    for (const end of [server, inner]) close(end, goingAway, "Nothing was said for too long.");
  });
  for (const end of [server, inner]) {
    end.binaryType = "arraybuffer";
    end.accept();
  }
  return client;
}

function join(from: WebSocket, to: WebSocket, patience: Patience): void {
  from.addEventListener("message", ({ data }) => {
    patience.turn("server");
    if (to.readyState !== WebSocket.OPEN) return;
    if (to.bufferedAmount <= limits.tunnelBytes) return to.send(data as string | ArrayBuffer);
    for (const end of [from, to]) close(end, tryAgainLater, "The other side takes messages too slowly.");
  });
  from.addEventListener("close", ({ code, reason }) => {
    patience.end();
    close(to, code, reason);
  });
  from.addEventListener("error", () => {
    patience.end();
    close(to, goingAway, "The other side broke off.");
  });
}

/** 1005, 1006 and 1015 say that there was no code, and may not be sent: RFC 6455 7.4.1. */
function close(end: WebSocket, code: number, reason: string): void {
  try {
    if (code === 1005) end.close();
    else if (code === 1006 || code === 1015) end.close(goingAway, "The other side broke off.");
    else end.close(code, reason);
  } catch (error) {
    console.info({ message: "tunnel was closed already", error: String(error) });
  }
}
