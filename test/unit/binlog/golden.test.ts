import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { describeRecord } from "../../../shared/binlog/describe.ts";
import { openRecord, readChanges, sealRecord } from "../../../shared/binlog/record.ts";
import { present } from "../../../shared/kernel/assert.ts";

const folder = new URL("../../golden/binlog/", import.meta.url);
const names = readdirSync(folder).flatMap((file) => (file.endsWith(".hex") ? file.slice(0, -4) : []));
const textOf = (file: string) => readFileSync(new URL(file, folder), "utf8");
const bytesOf = (name: string) => new Uint8Array(Buffer.from(textOf(`${name}.hex`).replaceAll("\n", ""), "hex"));

/** What the format is for ever: a change that breaks one of these needs a new format version, and files of its own. */
describe.each(names)("the golden record %s", (name) => {
  const record = present(openRecord(bytesOf(name)), "the record");

  test("is read as what stands beside it", () => {
    expect(describeRecord(record)).toEqual(JSON.parse(textOf(`${name}.json`)));
  });

  test("is written as the same bytes", () => {
    expect(sealRecord(record.header, readChanges(record)).bytes).toEqual(bytesOf(name));
  });
});

test("there is a golden record for each type of change and each class of value", () => {
  const all = names.map((name) => textOf(`${name}.json`)).join("");
  for (const word of ["rows", "schema", "sequence", "check", "statement"]) expect(all).toContain(`"type": "${word}"`);
  for (const word of ["integer", "real", "text", "blob", "rawText"]) expect(all).toContain(`"${word}":`);
});

test("the example in docs/design/binlog.md is the golden record schema-and-rows, byte by byte", () => {
  const page = readFileSync(new URL("../../../docs/design/binlog.md", import.meta.url), "utf8");
  const example = present(/<!-- golden -->\n([^]*?)<!-- end -->/.exec(page)?.[1], "the example");
  const hex = [...example.matchAll(/^ {4}((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: {2}|$)/gm)]
    .map(([, bytes]) => bytes)
    .join("");
  expect(hex.replaceAll(" ", "")).toBe(textOf("schema-and-rows.hex").replaceAll("\n", ""));
});
