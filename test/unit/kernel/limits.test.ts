import { expect, test } from "vitest";

import { limits } from "../../../shared/kernel/limits.ts";

// What each bound does is tested where it is used. Here: that they fit together.

test("the largest record fits into one RPC of 32 MiB, with room to spare", () => {
  expect(limits.recordBytes).toBeLessThanOrEqual(24 * 1024 * 1024);
});

test("a value of the largest size fits into a record, and one row of the log into a row of a Durable Object", () => {
  expect(limits.valueBytes).toBeLessThan(limits.recordBytes);
  expect(limits.logRowBytes).toBeLessThan(limits.valueBytes);
});

test("records that every replica has go before those that one lacks", () => {
  expect(limits.segmentsKept).toBeLessThan(limits.segmentsMost);
});

test("a client gives a node up before a front gives the client up", () => {
  expect(limits.replicaReadMs + limits.primaryMs).toBeLessThan(10_000);
});

test("the longest log fits into a Durable Object, with room for the data", () => {
  expect(limits.segmentsMost * limits.segmentBytes).toBeLessThan(5e9);
});

test("a page of a snapshot fits into a record, together with the largest value", () => {
  expect(limits.sliceBytes + limits.valueBytes).toBeLessThan(limits.recordBytes);
});
