-- What was answered under each Idempotency-Key, for as long as it may be asked for again.
create table trefoil_idempotency (
  -- SHA-256 of caller and key.
  key text primary key not null,
  -- SHA-256 of method, target and body.
  fingerprint text not null,
  expires_at integer not null,
  status integer not null,
  -- JSON: pairs of name and value.
  fields text not null,
  body text not null
) strict;

create index trefoil_idempotency_by_end on trefoil_idempotency (expires_at);
