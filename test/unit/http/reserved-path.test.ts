import { expect, it } from "vitest";
import { isReservedPath } from "../../../shared/http/reserved-path.ts";

it("reserves Trefoil's own paths and nothing beside them", () => {
  for (const path of ["/_trefoil", "/_trefoil/", "/_trefoil/api/status", "/dns-query"])
    expect(isReservedPath(path)).toBe(true);
  for (const path of ["/", "/_trefoils", "/a/_trefoil/", "/dns-query/", "/dns-querys"])
    expect(isReservedPath(path)).toBe(false);
});
