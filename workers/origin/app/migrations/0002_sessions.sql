-- What signs the cookies, for all servers.
create table session_keys (
  id integer primary key,
  secret text not null,
  created_at integer not null
) strict;

-- What the site keeps for a visitor; empty text is nothing.
create table sessions (
  id text primary key not null,
  name text not null default '',
  draft_title text not null default '',
  draft_body text not null default '',
  started_at integer not null,
  expires_at integer not null
) strict;

create index sessions_by_end on sessions (expires_at);

-- What leads to a session: hashes of the tokens in the cookies.
create table session_tokens (
  hash text primary key not null,
  session_id text not null references sessions (id) on delete cascade,
  issued_at integer not null,
  expires_at integer not null
) strict;

create index session_tokens_by_session on session_tokens (session_id);
