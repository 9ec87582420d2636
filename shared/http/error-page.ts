/** The forms in which the front says what went wrong. */
export type Format = "html" | "json" | "text";

/** What may stand in a template as `{{name}}`. */
export const placeholders = ["status", "code", "title", "message", "requestId"] as const;

/** What stands there when the page is sent. */
export type Facts = Readonly<Record<(typeof placeholders)[number], string>>;

/** A site's own error pages: templates by status, or under `default`, and by form. */
export type ErrorPages = Readonly<Record<string, { readonly [Form in Format]?: string | undefined }>>;

const placeholder = /\{\{(\w+)\}\}/g;

/** The names in a template that stand for nothing. */
export function unknownPlaceholders(template: string): string[] {
  const known: readonly string[] = placeholders;
  return Array.from(template.matchAll(placeholder), ([, name]) => name ?? "").filter((name) => !known.includes(name));
}

/** Whether a template is JSON with anything in the place of its placeholders: also quotes and line ends. */
export function isJsonTemplate(template: string): boolean {
  const facts = { status: "503", code: "no-server", title: '"', message: "\n", requestId: "\\" };
  try {
    JSON.parse(fill(template, "json", facts));
    return true;
  } catch {
    return false;
  }
}

/** The template for an answer: that of its status, else the one for all; `null` when the site has none of this form. */
export const templateFor = (pages: ErrorPages, status: number, format: Format): string | null =>
  pages[status]?.[format] ?? pages["default"]?.[format] ?? null;

/** Puts the facts into a template, escaped so that they are text there and nothing else. */
export const fill = (template: string, format: Format, facts: Facts): string =>
  template.replaceAll(placeholder, (whole, name: string) =>
    Object.hasOwn(facts, name) ? escapes[format](facts[name as keyof Facts]) : whole,
  );

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it stands in HTML, in an element or a quoted attribute. */
export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");

const escapes: Readonly<Record<Format, (text: string) => string>> = {
  html: escapeHtml,
  json: (text) => JSON.stringify(text).slice(1, -1),
  text: (text) => text,
};
