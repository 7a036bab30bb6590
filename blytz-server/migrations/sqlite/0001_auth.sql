-- Service auth. Instants are microseconds since 1970, roles a JSON array of text.

create table users (
    id uuid primary key,
    -- In lower case, as addresses are compared without regard to case.
    email text not null unique,
    -- Whether somebody has proven that the address is theirs, or the operator vouches for it.
    email_proven boolean not null,
    display_name text not null,
    -- Address and name in lower case, for finding people whatever the database thinks lower case is.
    search_text text not null,
    -- Argon2id in PHC form; null while the account has no password.
    password_hash text,
    roles text not null,
    suspended boolean not null,
    -- Grows with every change, so that of two copies the newer one is known.
    rev bigint not null,
    created_at bigint not null
);

-- A session that has ended has no row. A closed one can't be refreshed any more.
create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id),
    closed boolean not null,
    created_at bigint not null,
    expires_at bigint not null
);
create index sessions_by_user on sessions (user_id);

-- Every refresh token of a session, by the SHA-256 of its text. Spent ones stay until they expire:
-- who shows one has stolen it, or was stolen from.
create table refresh_tokens (
    hash text primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    spent boolean not null,
    expires_at bigint not null
);
create index refresh_tokens_by_session on refresh_tokens (session_id);

-- Accounts elsewhere that log in to an account here.
create table identities (
    provider text not null,
    subject text not null,
    user_id uuid not null references users (id),
    created_at bigint not null,
    primary key (provider, subject)
);

create table addresses (
    id uuid primary key,
    user_id uuid not null references users (id),
    name text not null,
    phone text not null,
    line1 text not null,
    line2 text,
    city text not null,
    state text,
    postcode text not null,
    country text not null
);
create index addresses_by_user on addresses (user_id, id);
