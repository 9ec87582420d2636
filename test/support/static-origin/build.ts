import { existsSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildAssets } from "../../../scripts/assets.ts";
import { buildMigrations } from "../../../scripts/migrations.ts";
import { files, modifiedS } from "./files.ts";
import { staticFolders } from "./workers.ts";

/** The `[build]` command of these origins: writes the files, and makes their assets as those of the site are made. */
for (const [name, content] of Object.entries(files)) {
  const path = join(staticFolders.source, name);
  const bytes = Buffer.from(content);
  if (existsSync(path) && readFileSync(path).equals(bytes)) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}.map`, bytes);
  utimesSync(`${path}.${process.pid}.map`, modifiedS, modifiedS);
  renameSync(`${path}.${process.pid}.map`, path);
}
buildMigrations();
await buildAssets(staticFolders);
