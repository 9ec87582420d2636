import { type ErrorCode, errors } from "../kernel/error.ts";

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

/**
 * Writes a problem down in the form that the client asks for: JSON where `Accept` names it and not HTML, as programs do,
 * else a page.
 *
 * @param accept the field's value, `null` when absent.
 * @param requestId by which the operator finds the request in the logs.
 */
export function renderProblem(problem: Problem, accept: string | null, requestId: string): RenderedProblem {
  const { status } = errors[problem.code];
  if (wantsJson(accept)) return { status, contentType: "application/json", body: json(problem) };
  return { status, contentType: "text/html; charset=utf-8", body: page(problem, requestId) };
}

const wantsJson = (accept: string | null) =>
  accept !== null && /\bjson\b/i.test(accept) && !/\btext\/html\b/i.test(accept);

const json = ({ code, message, command }: Problem) =>
  JSON.stringify({ error: { code, message: command === undefined ? message : `${message} ${command}` } });

function page({ title, message, command }: Problem, requestId: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
<p>${escape(message)}</p>
${command === undefined ? "" : `<pre><code>${escape(command)}</code></pre>\n`}<p class="id">Request <code>${escape(requestId)}</code></p>
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

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escape = (text: string) => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
