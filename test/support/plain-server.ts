import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** What a plain server saw of a request. */
export interface PlainSeen {
  readonly server: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A server that is no Worker, as `node:http` makes one. */
export interface PlainServer {
  readonly port: number;
  /** Connections that it has taken, and requests on them. */
  readonly connections: number;
  readonly requests: number;
  /** Ends it and all of its connections, as a crash does. */
  die(): Promise<void>;
  /** Starts it again on its port. */
  comeBack(): Promise<void>;
}

/** Starts one on a free port. */
export async function startPlainServer(name: string): Promise<PlainServer> {
  const sockets = new Set<Socket>();
  const counts = { connections: 0, requests: 0 };
  const open = (port: number): Promise<Server> => {
    const server = createServer((request, response) => {
      counts.requests++;
      void answer(name, request, response);
    });
    server.on("connection", (socket) => {
      counts.connections++;
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    server.on("upgrade", upgrade);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve(server));
    });
  };
  let server = await open(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    get connections() {
      return counts.connections;
    },
    get requests() {
      return counts.requests;
    },
    die() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
    async comeBack() {
      server = await open(port);
    },
  };
}

async function answer(server: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url = "" } = request;
  if (url === "/stream") return stream(response);
  if (url === "/odd") return void response.writeHead(999).end("odd");
  if (url === "/redirect") return void response.writeHead(302, { Location: "/elsewhere" }).end();
  const headers = Object.fromEntries(Object.entries(request.headers).map(([field, value]) => [field, String(value)]));
  const seen: PlainSeen = { server, method, url, headers, body: await text(request) };
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(seen));
}

async function stream(response: ServerResponse): Promise<void> {
  for (const part of ["first, ", "second, ", "third"]) {
    response.write(part);
    await sleep(300);
  }
  response.end();
}

/** RFC 6455 4.2.2: a WebSocket that sends back each short text. */
function upgrade(request: IncomingMessage, socket: Duplex): void {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on("error", () => socket.destroy());
  socket.on("data", (frame: Buffer) => {
    const opcode = (frame[0] ?? 0) & 0x0f;
    if (opcode === 8) return socket.end(Buffer.from([0x88, 0]));
    const length = (frame[1] ?? 0) & 0x7f;
    const mask = frame.subarray(2, 6);
    const message = Buffer.from(frame.subarray(6, 6 + length)).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    socket.write(Buffer.concat([Buffer.from([0x81, length]), message]));
  });
}
