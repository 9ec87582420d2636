import { type IncomingHttpHeaders, request } from "node:http";

/** A response as it came: the fields by their names in small letters, the bytes not decoded. */
export interface RawResponse {
  readonly status: number;
  readonly fields: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request, on a connection of its own. */
export interface RawRequest {
  readonly method?: string | undefined;
  /** The path as it stands: `fetch` would tidy it. */
  readonly path: string;
  /** All fields: `fetch` would add `Accept-Encoding` and others. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Where a server listens. */
export type Address = { readonly hostname: string; readonly port: string } | { readonly socketPath: string };

/** Sends a request as it stands, and gives back the response as it came. */
export function askRaw(address: Address, { method = "GET", path, headers = {} }: RawRequest): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const where =
      "socketPath" in address ? { socketPath: address.socketPath } : { host: address.hostname, port: address.port };
    const sent = request({ ...where, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, fields: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.once("error", reject);
    sent.end();
  });
}
