import type { PropsWithChildren } from "hono/jsx";

declare module "hono" {
  interface ContextRenderer {
    (content: string | Promise<string>, page: { title: string }): Response | Promise<Response>;
  }
}

/** What stands around every page. The look is `public/assets/site.css`, which the home page shares. */
export function Layout({ title, children }: PropsWithChildren<{ title: string }>) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title} · Trefoil</title>
        <link rel="stylesheet" href="/assets/site.css" />
        <link rel="icon" href="/assets/trefoil.svg" type="image/svg+xml" />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="top">
          <a class="brand" href="/">
            <img src="/assets/trefoil.svg" alt="" width="32" height="32" />
            Trefoil
          </a>
          <nav aria-label="Site">
            <a href="/posts">Posts</a>
          </nav>
        </header>
        <main id="main" class="page">
          {children}
        </main>
        <footer class="bottom">
          <p>The sample site of Trefoil. Put your own application in its place.</p>
        </footer>
      </body>
    </html>
  );
}
