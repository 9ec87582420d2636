import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { adminToken } from "../../scripts/admin-token.ts";

function devVars(text?: string): string {
  const folder = mkdtempSync(join(tmpdir(), "trefoil-token-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, ".dev.vars");
  if (text !== undefined) writeFileSync(file, text, { mode: 0o644 });
  return file;
}

test("the first run makes a token that nobody can guess, in a file for its owner only; the next run finds it", () => {
  const file = devVars();
  const token = adminToken(file);
  expect(token).toMatch(/^[\w-]{32}$/);
  expect(adminToken(file)).toBe(token);
  expect(adminToken(devVars())).not.toBe(token);
  expect(readFileSync(file, "utf8")).toBe(`ADMIN_TOKEN=${token}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a token that the user chose is used, quoted or not, and the file is closed to others", () => {
  for (const line of ["ADMIN_TOKEN=mine", 'ADMIN_TOKEN="mine"', "export ADMIN_TOKEN='mine'"]) {
    const file = devVars(`API_KEY=1\n${line}\n`);
    expect(adminToken(file)).toBe("mine");
    expect(readFileSync(file, "utf8")).toBe(`API_KEY=1\n${line}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
});

test("other lines stay as they are, also where the last one has no end", () => {
  for (const text of ["# mine\nAPI_KEY=1", "# mine\nAPI_KEY=1\n", "# mine\nADMIN_TOKEN=\nAPI_KEY=1\n"]) {
    const file = devVars(text);
    const token = adminToken(file);
    expect(readFileSync(file, "utf8")).toBe(`# mine\nAPI_KEY=1\nADMIN_TOKEN=${token}\n`);
  }
});
