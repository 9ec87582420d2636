import { expect, it } from "vitest";
import { staticPath } from "../../../shared/http/static-path.ts";

it.each([
  ["/", "/index.html"],
  ["/docs/", "/docs/index.html"],
  ["/assets/site.css", "/assets/site.css"],
  ["/favicon.ico", "/favicon.ico"],
  ["/.well-known/security.txt", "/.well-known/security.txt"],
])("%s stands for the file %s", (path, file) => expect(staticPath(path)).toBe(file));

it.each(["/posts", "/posts/1", "/api/whoami", "/v1.2/posts"])("%s belongs to the application", (path) =>
  expect(staticPath(path)).toBeNull(),
);
