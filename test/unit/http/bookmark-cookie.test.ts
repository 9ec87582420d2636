import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBookmarkCookie, writeBookmarkCookie } from "../../../shared/http/bookmark-cookie.ts";
import { epoch, lsn } from "../../../shared/kernel/brand.ts";
import { formatBookmark } from "../../../shared/replication/bookmark.ts";

const bookmark = formatBookmark({ epoch: epoch(3), lsn: lsn(255) });

describe("the bookmark cookie", () => {
  it("is for this site alone, not for its scripts, and over TLS only where the visitor came over TLS", () => {
    const cookie = "trefoil_bookmark=00000003-00000000000000ff; Path=/; HttpOnly; SameSite=Lax";
    expect(writeBookmarkCookie(bookmark, false)).toBe(cookie);
    expect(writeBookmarkCookie(bookmark, true)).toBe(`${cookie}; Secure`);
  });

  it.each([
    ["alone", `trefoil_bookmark=${bookmark}`],
    ["among others", `theme=dark; trefoil_bookmark=${bookmark}; TREFOIL_SRV=a`],
    ["with space around", ` trefoil_bookmark = ${bookmark} `],
    ["after a malformed one of the same name", `trefoil_bookmark=x; trefoil_bookmark=${bookmark}`],
  ])("is found %s", (_, field) => expect(readBookmarkCookie(field)).toBe(bookmark));

  it.each([
    ["no field", null],
    ["an empty field", ""],
    ["another cookie", `trefoil=${bookmark}`],
    ["a longer name", `xtrefoil_bookmark=${bookmark}`],
    ["no value", "trefoil_bookmark"],
    ["an empty value", "trefoil_bookmark="],
    ["capital digits", "trefoil_bookmark=00000003-00000000000000FF"],
    ["a short value", "trefoil_bookmark=3-ff"],
    ["a position past all counting", "trefoil_bookmark=00000003-ffffffffffffffff"],
    ["a keyword of withSession", "trefoil_bookmark=first-primary"],
    ["SQL", "trefoil_bookmark=' or 1=1 --"],
  ])("is ignored where there is %s", (_, field) => expect(readBookmarkCookie(field)).toBeNull());

  it("gives back every position that was written", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.maxSafeNat(), fc.boolean(), (term, at, secure) => {
        const written = formatBookmark({ epoch: epoch(term), lsn: lsn(at) });
        expect(readBookmarkCookie(writeBookmarkCookie(written, secure))).toBe(written);
      }),
    );
  });

  it("never gives anything but a bookmark", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const found = readBookmarkCookie(`trefoil_bookmark=${value}`);
        if (found !== null) expect(found).toMatch(/^[0-9a-f]{8}-[0-9a-f]{16}$/);
      }),
    );
  });
});
