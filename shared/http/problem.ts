import { type ErrorCode, errors } from "../kernel/error.ts";
import { type ErrorPages, escapeHtml, fill, type Format, templateFor } from "./error-page.ts";
import { chooseMediaType } from "./media-type.ts";

/** What a client is told when it gets no answer from the site. */
export interface Problem {
  readonly code: ErrorCode;
  /** One line. */
  readonly title: string;
  /** What happened and what to do, in sentences. */
  readonly message: string;
  /** What to type, when a command helps. */
  readonly command?: string;
}

/** A response in parts, for whoever makes it. */
export interface RenderedProblem {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The preferred form first: it goes to whoever takes anything. */
const mediaTypes = ["text/html", "application/json", "application/problem+json", "text/plain"] as const;

const formats: Readonly<Record<(typeof mediaTypes)[number], { format: Format; contentType: string }>> = {
  "text/html": { format: "html", contentType: "text/html; charset=utf-8" },
  "application/json": { format: "json", contentType: "application/json" },
  "application/problem+json": { format: "json", contentType: "application/json" },
  "text/plain": { format: "text", contentType: "text/plain; charset=utf-8" },
};

/**
 * Writes a problem down in the form that the client prefers: a page, JSON or plain text.
 *
 * @param accept the field's value, `null` when absent.
 * @param requestId by which the operator finds the request in the logs.
 * @param pages the site's own templates; where it has none, the built-in forms.
 */
export function renderProblem(
  problem: Problem,
  accept: string | null,
  requestId: string,
  pages: ErrorPages,
): RenderedProblem {
  const { status } = errors[problem.code];
  // Who takes none of these still gets an answer, in the form that needs no program to be read: RFC 9110 15.5.7.
  const { format, contentType } = formats[chooseMediaType(accept, mediaTypes) ?? "text/plain"];
  const template = templateFor(pages, status, format);
  if (template === null) return { status, contentType, body: builtIn[format](problem, requestId, status) };
  const { code, title, message } = problem;
  return {
    status,
    contentType,
    body: fill(template, format, { status: `${status}`, code, title, message, requestId }),
  };
}

const withCommand = ({ message, command }: Problem) => (command === undefined ? message : `${message} ${command}`);

const builtIn: Readonly<Record<Format, (problem: Problem, requestId: string, status: number) => string>> = {
  html: page,
  json: (problem) => JSON.stringify({ error: { code: problem.code, message: withCommand(problem) } }),
  text: (problem, requestId, status) =>
    `${status} ${problem.title}\n\n${withCommand(problem)}\n\nRequest ${requestId}\n`,
};

function page({ title, message, command }: Problem, requestId: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(message)}</p>
${command === undefined ? "" : `<pre><code>${escapeHtml(command)}</code></pre>\n`}<p class="id">Request <code>${escapeHtml(requestId)}</code></p>
</main>
</body>
</html>
`;
}

const style =
  ":root{color-scheme:light dark}body{margin:0;font:1.0625rem/1.6 system-ui,sans-serif}" +
  "main{max-width:36rem;margin:12vh auto;padding:0 1.5rem}h1{font-size:1.6rem;line-height:1.25}" +
  "code{font-family:ui-monospace,monospace}pre{padding:.75rem 1rem;border:1px solid #8886;border-radius:.5rem;overflow:auto}" +
  ".id{font-size:.875rem;opacity:.8}";
