import { datePartsOf } from "../http/http-date.ts";
import { limits } from "../kernel/limits.ts";
import { encodeUtf8 } from "../kernel/utf8.ts";
import { noPool } from "./counters.ts";
import type { Exchange } from "./exchange.ts";
import type { Load } from "./recorder.ts";

/**
 * A request as a line of HAProxy's log, in its format `httplog` (manual 8.2.3), as `log stdout format raw` has it: `halog`
 * reads it where a syslog has put its prefix before it, `halog -s -4` without. Times are UTC.
 *
 *     192.0.2.7:0 [24/Nov/2026:14:03:59.046] web web/a 0/0/0/12/13 200 72 - - --NI 5/1/1/0/0 0/0 {6f1c...} "GET / HTTP/1.1"
 *
 * What HAProxy knows and a Worker does not is 0: the client's port, the time of a connection, places in queues. Bytes are
 * those of the body. A `+` before them says that it was still on its way, as with `option logasap`, which puts one before
 * the time as well, but then `halog` cannot read that. The request's id stands where HAProxy puts a field that it is told
 * to capture; no other field of the request is in the line.
 *
 * @param load when it was over.
 */
export function httplog(exchange: Exchange, load: Load): string {
  const { clientAddress, pool, server, status, bytesOut, termination, requestId } = exchange;
  const name = pool ?? noPool;
  const to = `${name}/${server ?? "<NOSRV>"}`;
  const more = exchange.isOver ? "" : "+";
  const retries = `${exchange.isRedispatched ? "+" : ""}${exchange.retries}`;
  const connections = `${load.total}/${load.pool}/${load.pool}/${load.server}/${retries}`;
  return (
    `${clientAddress ?? "-"}:0 [${timeOf(exchange.startMs)}] ${name} ${to} ${timersOf(exchange)} ` +
    `${status ?? -1} ${more}${bytesOut ?? 0} - - ${termination} ${connections} 0/0 {${escaped(requestId, inField)}} ` +
    `"${requestLineOf(exchange)}"`
  );
}

/** `TR/Tw/Tc/Tr/Ta`: the front gets a request with its header read, and a binding has no connection to make. */
function timersOf({ queueMs, responseMs, totalMs }: Exchange): string {
  const wasTried = queueMs !== null;
  return `0/${queueMs ?? -1}/${wasTried ? 0 : -1}/${responseMs ?? -1}/${totalMs}`;
}

/** `24/Nov/2026:14:03:59.046` */
const timeOf = (ms: number): string => `${secondOf(Math.floor(ms / 1000))}.${String(ms % 1000).padStart(3, "0")}`;

/** The second that was written last: many lines have the same. */
let written = { second: NaN, text: "" };

function secondOf(second: number): string {
  if (second !== written.second) {
    const { year, month, day, time } = datePartsOf(second);
    written = { second, text: `${day}/${month}/${year}:${time}` };
  }
  return written.text;
}

function requestLineOf({ method, target, httpVersion }: Exchange): string {
  const line = `${method} ${target}`;
  if (line.length > limits.logRequestLength) return escaped(line.slice(0, limits.logRequestLength), inQuotes);
  return escaped(`${line} HTTP/${httpVersion}`, inQuotes);
}

/** What HAProxy writes as `#` and two hex digits, `log.c`: `url_encode_map`, `hdr_encode_map`. */
const inQuotes = /[^\x20-\x7e]|["#]/gu;
const inField = /[^\x20-\x7e]|["#{|}]/gu;

/** Nearly every text is plain, and a look at it costs less than a search for all that is not. */
const escaped = (text: string, what: RegExp): string =>
  text.search(what) === -1 ? text : text.replaceAll(what, hexOf);

const hexOf = (character: string): string =>
  Array.from(encodeUtf8(character), (byte) => `#${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
