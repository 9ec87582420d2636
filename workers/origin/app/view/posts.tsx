import { limits } from "../../../../shared/kernel/limits.ts";
import type { Post } from "../posts.ts";
import type { Session } from "../session/session.ts";
import { blank, Field, type Filled, Form } from "./form.tsx";
import { Time } from "./time.tsx";
import { Visitor } from "./visitor.tsx";

/** The form of a new post. */
function PostForm({ filled }: { filled: Filled }) {
  return (
    <Form action="/posts" button="Publish" other={{ action: "/session/draft", button: "Save draft" }} filled={filled}>
      <Field name="title" label="Title" rows={1} maxLength={limits.postTitleLength} filled={filled} />
      <Field name="body" label="Text" rows={6} maxLength={limits.postBodyLength} filled={filled} />
    </Form>
  );
}

interface PostListProps {
  readonly posts: Post[];
  /** Where the older posts go on; `null` at the end of the list. */
  readonly olderThan: number | null;
  readonly session: Session | null;
}

/** The list of posts, with the form of a new one, in which the visitor finds his draft. */
export function PostList({ posts, olderThan, session }: PostListProps) {
  const draft = session?.draft ?? null;
  return (
    <>
      <h1>Posts</h1>
      <Visitor session={session} />
      {posts.length === 0 && <p class="quiet">There are no posts here yet. Write the first one.</p>}
      <ul class="posts">
        {posts.map((post) => (
          <li>
            <article>
              <h2>
                <a href={`/posts/${post.id}`}>{post.title}</a>
              </h2>
              <Time at={post.createdAt} />
              <p class="excerpt">{excerpt(post.body)}</p>
            </article>
          </li>
        ))}
      </ul>
      {olderThan !== null && (
        <p>
          <a href={`/posts?before=${olderThan}`}>Older posts</a>
        </p>
      )}
      <section aria-labelledby="new-post">
        <h2 id="new-post">New post</h2>
        {draft !== null && <p class="quiet">Your draft is saved.</p>}
        <PostForm filled={draft === null ? blank : { values: { ...draft }, issues: [] }} />
      </section>
    </>
  );
}

/** A page with nothing but the form, for a post that was refused. */
export function RefusedPost({ filled }: { filled: Filled }) {
  return (
    <>
      <h1>New post</h1>
      <PostForm filled={filled} />
    </>
  );
}

/** The beginning of a text, cut between two words; between two characters where it is one long word. */
function excerpt(text: string): string {
  const longest = 280;
  return text.length <= longest ? text : `${text.slice(0, longest).replace(/\s+\S*$|[\ud800-\udbff]$/, "")} …`;
}
