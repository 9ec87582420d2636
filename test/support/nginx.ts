import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { Manifest } from "../../shared/http/static-file.ts";
import type { AssetFolders } from "../../scripts/assets.ts";
import type { Address } from "./raw-http.ts";

/** The nginx of this machine, `null` if it has none. */
export const nginx: string | null =
  ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"].find(existsSync) ?? null;

/** An nginx that serves the files of a folder. */
export interface RunningNginx {
  readonly address: Address;
  close(): Promise<void>;
}

/**
 * Serves the same files by nginx: the same times of change, and the same bytes where a gzip variant is kept ready. It
 * listens on a socket in a folder of its own, so it meets no other.
 *
 * @param program the nginx to run.
 */
export async function startNginx(program: string, folders: AssetFolders, manifest: Manifest): Promise<RunningNginx> {
  const folder = await mkdtemp(join(tmpdir(), "trefoil-nginx-"));
  await copyFiles(join(folder, "html"), folders, manifest);
  await writeFile(join(folder, "nginx.conf"), configuration(folder));
  const child = spawn(program, ["-c", join(folder, "nginx.conf"), "-p", folder, "-e", join(folder, "error.log")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(child, "exit");
  await vi.waitFor(
    () => existsSync(join(folder, "socket")) || Promise.reject(new Error("nginx does not start")),
    10_000,
  );
  return {
    address: { socketPath: join(folder, "socket") },
    async close() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function copyFiles(html: string, { source, target }: AssetFolders, { files }: Manifest): Promise<void> {
  for (const [path, { tag, variants, modifiedS }] of Object.entries(files)) {
    await cp(join(source, path), join(html, path), { preserveTimestamps: true });
    if (variants.gzip === undefined) continue;
    await cp(join(target, `_encoded/${tag}.gzip`), join(html, `${path}.gz`));
    await utimes(join(html, `${path}.gz`), modifiedS, modifiedS);
  }
}

/** What a site would set that wants of nginx what Trefoil does: these are its own switches. */
const configuration = (folder: string): string => `
daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
pid ${folder}/pid;
events {}
http {
  include ${existsSync("/etc/nginx/mime.types") ? "/etc/nginx/mime.types" : "mime.types"};
  default_type application/octet-stream;
  charset utf-8;
  charset_types text/css text/plain text/xml text/javascript application/javascript application/json image/svg+xml;
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((use) => `${use}_temp_path ${folder}/${use};`).join("\n  ")}
  server {
    listen unix:${folder}/socket;
    root ${folder}/html;
    index index.html;
    absolute_redirect off;
    if_modified_since before;
    max_ranges 1;
    gzip_static on;
    gzip_vary on;
    location / { add_header Cache-Control "public, max-age=0, must-revalidate"; }
    location /docs/ { add_header Cache-Control "public, max-age=600"; }
    location ~ "[.]3f9a8b7c6d[.]" { add_header Cache-Control "public, max-age=31536000, immutable"; }
    location = /old { return 302 /docs/$is_args$args; }
    location = /retired.html { return 308 /docs/$is_args$args; }
    location ~ ^/retired/(.*)$ { return 301 /docs/$1$is_args$args; }
    location ~ ^/by/([^/]+)/([^/]+)$ { return 307 /docs/$2?by=$1; }
  }
}
`;
