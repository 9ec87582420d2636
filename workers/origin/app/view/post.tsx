import { limits } from "../../../../shared/kernel/limits.ts";
import type { Comment, Post } from "../posts.ts";
import { Field, type Filled, Form } from "./form.tsx";
import { Time } from "./time.tsx";

/** A post with its comments, and the form of a new one. */
export function PostPage({ post, filled }: { post: Post & { comments: Comment[] }; filled: Filled }) {
  return (
    <>
      <article>
        <h1>{post.title}</h1>
        <Time at={post.createdAt} />
        <p class="prose">{post.body}</p>
      </article>
      <section aria-labelledby="comments">
        <h2 id="comments">Comments</h2>
        <Comments comments={post.comments} />
        <Form action={`/posts/${post.id}/comments`} button="Add comment" filled={filled}>
          <Field name="body" label="Your comment" rows={3} maxLength={limits.commentLength} filled={filled} />
        </Form>
      </section>
      <p>
        <a href="/posts">All posts</a>
      </p>
    </>
  );
}

function Comments({ comments }: { comments: Comment[] }) {
  if (comments.length === 0) return <p class="quiet">No comments yet.</p>;
  return (
    <ol class="comments">
      {comments.map((comment) => (
        <li>
          <Time at={comment.createdAt} />
          <p class="prose">{comment.body}</p>
        </li>
      ))}
    </ol>
  );
}
