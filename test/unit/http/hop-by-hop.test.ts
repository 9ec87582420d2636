import fc from "fast-check";
import { expect, it } from "vitest";
import { removeHopByHop } from "../../../shared/http/hop-by-hop.ts";

function left(fields: Record<string, string>): string[] {
  const headers = new Headers(fields);
  removeHopByHop(headers);
  return [...headers.keys()];
}

it("removes the fields of one connection, in any case", () => {
  const fields = {
    Connection: "close",
    "Proxy-Connection": "close",
    "keep-alive": "timeout=5",
    "PROXY-AUTHENTICATE": "Basic",
    "Proxy-Authorization": "Basic eDp5",
    TE: "trailers",
    Trailer: "X-Checksum",
    "Transfer-Encoding": "chunked",
    Upgrade: "h2c",
    "X-Kept": "1",
  };
  expect(left(fields)).toEqual(["x-kept"]);
});

it("removes the fields that Connection names, with or without spaces, once or often", () => {
  expect(
    left({
      Connection: "X-One,x-two ,\tX-THREE, X-One, close",
      "X-One": "1",
      "X-Two": "2",
      "X-Three": "3",
      "X-Four": "4",
    }),
  ).toEqual(["x-four"]);
});

it("is not led astray by what is no field name", () => {
  fc.assert(
    fc.property(fc.string(), (option) => {
      const fields = new Map([
        ["Connection", option],
        ["X-Kept", "1"],
      ]);
      const deleted: string[] = [];
      removeHopByHop({
        get: (name) => fields.get(name) ?? null,
        set: () => undefined,
        append: () => undefined,
        delete: (name) => deleted.push(name),
        forEach: (visit) => fields.forEach((value, name) => visit(value, name.toLowerCase())),
      });
      for (const name of deleted) expect(() => new Headers([[name, ""]])).not.toThrow();
    }),
  );
});

it("keeps Host, whatever Connection names: it is for every hop (RFC 9110 7.2)", () => {
  const headers = new Headers({ Connection: "host, x-hop", Host: "site.test", "X-Hop": "1" });
  removeHopByHop(headers);
  expect([...headers]).toEqual([["host", "site.test"]]);
});
