import { expect } from "vitest";
import type { TestSite } from "./site.ts";

type Fields = Readonly<Record<string, string>>;

/** A post of the sample site as its API gives it. */
export interface Post {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly createdAt: string;
  readonly comments: readonly { readonly body: string }[];
}

/** The first cookie that a response sets, as a browser sends it back. */
export const cookieOf = (response: { headers: { getSetCookie(): string[] } }): string =>
  response.headers.getSetCookie()[0]?.split(";")[0] ?? "";

/** What a visitor of the sample site does, by script and by browser. Redirects are his to see. */
export function visit({ fetch, url }: TestSite) {
  const get = (path: string, headers: Fields = {}) => fetch(path, { headers, redirect: "manual" });

  /** A request with a JSON body; a string is sent as it stands. */
  const post = (path: string, input: unknown, headers: Fields = {}) => {
    const body = typeof input === "string" ? input : JSON.stringify(input);
    return fetch(path, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body });
  };

  /** A form as a browser posts it from a page of this site. */
  const submit = (path: string, form: Fields, headers: Fields = { Origin: url.origin }) =>
    fetch(path, { method: "POST", headers, body: new URLSearchParams(form), redirect: "manual" });

  /** A new post, and the cookie of the visitor who wrote it. */
  const written = async (title: string): Promise<{ post: Post; cookie: string }> => {
    const response = await post("/api/posts", { title, body: "A text." });
    expect(response.status).toBe(201);
    return { post: (await response.json()) as Post, cookie: cookieOf(response) };
  };

  return { get, post, submit, written };
}
