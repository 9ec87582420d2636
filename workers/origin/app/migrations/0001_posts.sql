create table posts (
  id integer primary key,
  title text not null,
  body text not null,
  created_at integer not null
) strict;

create table comments (
  id integer primary key,
  post_id integer not null references posts (id),
  body text not null,
  created_at integer not null
) strict;

create index comments_by_post on comments (post_id);
