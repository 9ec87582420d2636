/**
 * The schema of the database, one statement a step. A database that has the first n steps is given the others, in
 * order; so a step that was deployed once is never changed, and a change of the schema is a new step at the end.
 */
export const migrations: readonly string[] = [
  `create table posts (
    id integer primary key,
    title text not null,
    body text not null,
    created_at integer not null
  ) strict`,
  `create table comments (
    id integer primary key,
    post_id integer not null references posts (id),
    body text not null,
    created_at integer not null
  ) strict`,
  "create index comments_by_post on comments (post_id)",
  `create table session_keys (
    id integer primary key,
    secret text not null,
    created_at integer not null
  ) strict`,
  `create table sessions (
    id text primary key not null,
    name text not null default '',
    draft_title text not null default '',
    draft_body text not null default '',
    started_at integer not null,
    expires_at integer not null
  ) strict`,
  "create index sessions_by_end on sessions (expires_at)",
  `create table session_tokens (
    hash text primary key not null,
    session_id text not null references sessions (id) on delete cascade,
    issued_at integer not null,
    expires_at integer not null
  ) strict`,
  "create index session_tokens_by_session on session_tokens (session_id)",
];
