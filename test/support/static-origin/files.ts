import { createCipheriv } from "node:crypto";

/** When all files were last changed: seconds since 1970. */
export const modifiedS = Date.UTC(2025, 5, 1, 12) / 1000;

/** The same as `Last-Modified`. */
export const lastModified = "Sun, 01 Jun 2025 12:00:00 GMT";

/** Bytes that no coding makes smaller, the same each time. */
const noise = (bytes: number): Buffer =>
  createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));

/** Text of which no two parts are the same. */
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join("");

const page = (title: string): string =>
  `<!doctype html>\n<html lang="en">\n<title>${title}</title>\n<h1>${title}</h1>\n${"<p>A paragraph.</p>\n".repeat(40)}`;

/** What there is to serve, by name. */
export const files: Readonly<Record<string, string | Buffer>> = {
  "index.html": page("Home"),
  "docs/index.html": page("Documents"),
  "docs/guide.html": page("Guide"),
  "style.css": lines(800, (index) => `.rule-${index} { margin: ${index}px; }`),
  "tiny.css": "a{}",
  "app.js": lines(300, (index) => `export const value${index} = ${index};`),
  "module.mjs": lines(30, (index) => `export const part${index} = ${index};`),
  "data.json": JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, name: `item ${id}` }))),
  "site.webmanifest": JSON.stringify({ name: "Fixture", icons: Array.from({ length: 20 }, (_, size) => ({ size })) }),
  "feed.xml": `<?xml version="1.0"?>\n<feed>${"<entry>text</entry>\n".repeat(50)}</feed>\n`,
  "drawing.svg": `<svg xmlns="http://www.w3.org/2000/svg">${'<path d="M0 0L1 1"/>\n'.repeat(50)}</svg>\n`,
  "note.txt": lines(100, (index) => `note ${index}: Grüße`),
  "read.md": lines(50, (index) => `# Heading ${index}`),
  "program.wasm": Buffer.concat([Buffer.from("\0asm\x01\0\0\0", "latin1"), Buffer.alloc(4000)]),
  "photo.png": noise(10_000),
  "photo.jpg": noise(3000),
  "photo.webp": noise(2000),
  "photo.avif": noise(2000),
  "favicon.ico": noise(1500),
  "font.woff2": noise(5000),
  "paper.pdf": noise(4000),
  "film.mp4": noise(4000),
  "empty.txt": "",
  LICENSE: lines(20, (index) => `Clause ${index}.`),
  "big.bin": noise(3_000_000),
  "big.txt": lines(60_000, (index) => `line ${index} of a large text`),
  "big.svg": `<svg>${noise(1_300_000).toString("hex")}</svg>`,
  "assets/app.3f9a8b7c6d.js": lines(100, (index) => `export const hashed${index} = ${index};`),
  "assets/report-20261124.pdf": noise(1000),
  "assets/build/entry-DkJ2nX_p.js": lines(100, (index) => `export const named${index} = ${index};`),
  "a b.txt": "a space in the name\n",
  "100%.txt": "a percent sign in the name\n",
  "what?.txt": "a question mark in the name\n",
  "plus+sign.txt": "a plus sign in the name\n",
  "grün.txt": "a letter beyond ASCII in the name\n",
  "retired.html": page("Retired"),
  "retired/style.css": lines(100, (index) => `.old-${index} {}`),
  "secret.map": "never to be served\n",
  ".env": "PASSWORD=secret\n",
  ".git/config": "[core]\n",
  "note.txt.swp": "a draft\n",
  ".well-known/security.txt": "Contact: mailto:security@example.com\n",
  ".assetsignore": "*.map\n",
  _headers: `/*
  X-Site: fixture
/docs/*
  Cache-Control: public, max-age=600
  Content-Security-Policy: default-src 'self'
/module.mjs
  Vary: Origin
/read.md
  Content-Type: text/plain; charset=utf-8
`,
  _redirects: `# What has moved.
/old /docs/
/retired.html /docs/ 308
/retired/* /docs/:splat 301
/by/:name/:part /docs/:part?by=:name 307
`,
};
