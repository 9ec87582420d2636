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

/** What `GET /api/session` says. */
export interface Session {
  readonly name: string | null;
  readonly draft: { readonly title: string; readonly body: string } | null;
}

interface Step {
  readonly method?: string;
  /** A JSON body. */
  readonly json?: unknown;
  /** The fields of a form of this site. */
  readonly form?: Fields;
  /** The server to ask, by the letter of its name; without it the front chooses. */
  readonly server?: string;
  readonly headers?: Fields;
}

/** A visitor with a browser of his own: it keeps the cookies that it is given, and sends them along. */
export function browse(site: TestSite) {
  const jar = new Map<string, string>();

  const send = async (path: string, { method = "GET", json, form, server, headers = {} }: Step = {}) => {
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join("; ");
    const fields: Record<string, string> = { ...(cookie !== "" && { Cookie: cookie }), ...headers };
    if (json !== undefined) fields["Content-Type"] = "application/json";
    if (form !== undefined) fields["Origin"] = site.url.origin;
    const body = form === undefined ? JSON.stringify(json) : new URLSearchParams(form);
    const init = { method, headers: fields, redirect: "manual", ...(body !== undefined && { body }) } as const;
    const response = await (server === undefined
      ? site.fetch(path, init)
      : site.worker(`origin-${server}`).fetch(`${site.url.origin}${path}`, init));
    for (const line of response.headers.getSetCookie()) keep(line);
    return response;
  };

  const keep = (line: string): void => {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (line.includes("Max-Age=0")) jar.delete(name);
    else jar.set(name, value);
  };

  /** A request that must succeed, and its answer as JSON. */
  const ask = async (path: string, step?: Step): Promise<unknown> => {
    const response = await send(path, step);
    expect(response.status, path).toBe(200);
    return response.json();
  };

  return {
    /** The cookies by name, to look at and to change. */
    jar,
    send,
    /** His session, as he sees it. */
    session: (step?: Step) => ask("/api/session", step) as Promise<Session>,
    keepName: (name: string, step?: Step) =>
      ask("/api/session", { method: "PUT", json: { name }, ...step }) as Promise<Session>,
    keepDraft: (title: string, body: string, step?: Step) =>
      ask("/api/session/draft", { method: "PUT", json: { title, body }, ...step }) as Promise<Session>,
  };
}
