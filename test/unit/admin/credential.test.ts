import fc from "fast-check";
import { expect, it } from "vitest";
import { offeredToken } from "../../../shared/admin/credential.ts";

const encode = (text: string) => Buffer.from(text).toString("base64");
const decode = (text: string) => (/^[A-Za-z0-9+/]*=*$/.test(text) ? Buffer.from(text, "base64").toString() : null);
const offered = (field: string | null) => offeredToken(field, decode);

it("is what Bearer carries", () => {
  expect(offered("Bearer s3cret")).toBe("s3cret");
  expect(offered("bearer   s3cret ")).toBe("s3cret");
});

it("is the password of the user admin in Basic, colons and all", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (token) => {
      expect(offered(`Basic ${encode(`admin:${token}`)}`)).toBe(token);
    }),
  );
});

it("is not there in any other form", () => {
  for (const field of [
    null,
    "",
    "Bearer",
    "s3cret",
    "Digest s3cret",
    "Bearer two words",
    `Basic ${encode("root:s3cret")}`,
    "Basic ????",
  ])
    expect(offered(field)).toBe(null);
});
