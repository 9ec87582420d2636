import { describe, expect, test } from "vitest";

import { lsn, nodeId, epoch } from "../../shared/kernel/brand.ts";
import { formatBookmark } from "../../shared/replication/bookmark.ts";
import { openDatabase } from "../../workers/database/client.ts";
import type { QueryReply, QueryRequest } from "../../workers/database/messages.ts";

const at = (position: number, term = 1) => formatBookmark({ epoch: epoch(term), lsn: lsn(position) });
const config = { primary: "db-1", replicas: [], readWaitMs: 0 };

/** A database whose primary answers when the test says so, in the order that the test chooses. */
function slowPrimary(begin?: Parameters<typeof openDatabase>[3]) {
  const calls: { request: QueryRequest; answer: (position: number) => void }[] = [];
  const query = (request: QueryRequest) =>
    new Promise<QueryReply>((resolve) => {
      const result = { columns: [], rows: [], changes: 0, lastRowId: 0, rowsRead: 0, rowsWritten: 0 };
      const kind = request.statements[0]?.sql.startsWith("SELECT") ? ("read" as const) : ("write" as const);
      const facts = { node: nodeId("db-1"), role: "primary" as const, schemaVersion: 0, durationMs: 0, sizeBytes: 0 };
      const answer = (position: number) =>
        resolve({ ok: true, results: [{ ...result, kind }], ...facts, bookmark: at(position) });
      calls.push({ request, answer });
    });
  const nodes: unknown = { getByName: () => ({ query }) };
  const database = openDatabase(nodes as Parameters<typeof openDatabase>[0], config, "test", begin);
  return { calls, database };
}

const started = (calls: readonly unknown[], count: number) => expect.poll(() => calls.length).toBe(count);

describe("statements of one session that run at the same time", () => {
  test("leave the bookmark of the last write, in whatever order the answers come", async () => {
    const { calls, database } = slowPrimary();
    const session = database.withSession("first-unconstrained");
    const writes = [session.prepare("INSERT 1").run(), session.prepare("INSERT 2").run()];
    await started(calls, 2);
    calls[1]?.answer(6);
    await writes[1];
    calls[0]?.answer(5);
    await writes[0];
    expect([session.written, session.getBookmark()]).toEqual([at(6), at(6)]);
  });

  test("do not take an answer from before a write for a sign that the write's bookmark is of no history", async () => {
    const { calls, database } = slowPrimary();
    const session = database.withSession("first-unconstrained");
    const read = session.prepare("SELECT 1").run();
    const write = session.prepare("INSERT 1").run();
    await started(calls, 2);
    calls[1]?.answer(6);
    await write;
    calls[0]?.answer(5);
    await read;
    expect([session.written, session.getBookmark()]).toEqual([at(6), at(6)]);
  });
});

test("a bookmark of a future that never was is replaced by where the primary stands, also by several answers", async () => {
  const { calls, database } = slowPrimary();
  const session = database.withSession(at(1, 9));
  const reads = [session.prepare("SELECT 1").run(), session.prepare("SELECT 2").run()];
  await started(calls, 2);
  expect(calls.map(({ request }) => request.bookmark)).toEqual([at(1, 9), at(1, 9)]);
  calls[1]?.answer(6);
  await reads[1];
  calls[0]?.answer(5);
  await reads[0];
  expect([session.written, session.getBookmark()]).toEqual([at(6), at(6)]);
});

describe("a replica that serves nobody", () => {
  const facts = { schemaVersion: 0, durationMs: 0, sizeBytes: 0, bookmark: at(5) };
  const result = {
    kind: "read" as const,
    columns: [],
    rows: [],
    changes: 0,
    lastRowId: 0,
    rowsRead: 0,
    rowsWritten: 0,
  };

  /** A database whose first replica answers with the failure `code`, and how often each node was asked. */
  function withReplica(code: "diverged" | "behind" | "stuck") {
    const asked: Record<string, number> = {};
    const getByName = (name: string) => ({
      query(): Promise<QueryReply> {
        asked[name] = (asked[name] ?? 0) + 1;
        const node = nodeId(name);
        const role = name === "db-1" ? ("primary" as const) : ("replica" as const);
        if (name === code) return Promise.resolve({ ok: false, code, message: "", node, role, ...facts });
        return Promise.resolve({ ok: true, results: [result], node, role, ...facts });
      },
    });
    const nodes: unknown = { getByName };
    const replicas = [code, "sound"];
    const database = openDatabase(nodes as Parameters<typeof openDatabase>[0], { ...config, replicas }, "test");
    return { asked, database };
  }

  test.each(["diverged", "behind", "stuck"] as const)(
    "because it is %s is asked once, and the other one answers",
    async (code) => {
      const { asked, database } = withReplica(code);
      for (let read = 0; read < 10; read += 1) {
        const session = database.withSession("first-unconstrained");
        await session.prepare("SELECT 1").run();
        expect(session.servedBy).toBe("sound");
      }
      expect(asked[code] ?? 1).toBe(1);
      expect(asked.sound).toBe(10);
    },
  );
});

describe("a session within another", () => {
  test("tells its owner which node answered, and what was written", async () => {
    const { calls, database } = slowPrimary();
    const write = database.withSession("first-unconstrained").prepare("INSERT 1").run();
    await started(calls, 1);
    calls[0]?.answer(6);
    await write;
    expect([database.servedBy, database.written]).toEqual(["db-1", at(6)]);
  });

  test("begins when its owner has", async () => {
    const order: string[] = [];
    const { calls, database } = slowPrimary(async () => {
      await Promise.resolve();
      order.push(`begun after ${calls.length} calls`);
      return "first-unconstrained" as const;
    });
    const reads = [1, 2].map(() => database.withSession("first-unconstrained").prepare("SELECT 1").run());
    await started(calls, 2);
    for (const { answer } of calls) answer(1);
    await Promise.all(reads);
    expect(order).toEqual(["begun after 0 calls"]);
  });
});
