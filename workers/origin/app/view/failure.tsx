import type { Issue } from "../input.ts";

/** A page that says what went wrong. */
export function Failure({ status, message, issues }: { status: number; message: string; issues: readonly Issue[] }) {
  return (
    <>
      <p class="status">{status}</p>
      <h1>{message}</h1>
      {issues.length > 0 && (
        <ul>
          {issues.map((issue) => (
            <li>{issue.message}</li>
          ))}
        </ul>
      )}
      <p>
        <a href="/posts">To the posts</a>
      </p>
    </>
  );
}
