-- The server's own signing keys. `seed` is hex: 32 bytes as they are, or encrypted with the
-- operator's secret key. A retired key signs no more, but what it signed stays verifiable.
create table signing_keys (
    key_id text not null primary key,
    purpose text not null check (purpose in ('jwt', 'log')),
    encrypted boolean not null,
    seed text not null,
    created_at bigint not null,
    retired_at bigint
);

-- One row: which history of this database's channels this is. A restore begins a new one.
create table history (
    id bigint not null primary key check (id = 1),
    epoch uuid not null,
    created_at bigint not null
);
