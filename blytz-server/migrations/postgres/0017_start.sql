-- What the first seventeen migrations of SQLite come to: from here on both databases have the same numbers.
--
-- Text that is a key, or that lists are ordered by, is compared by its bytes, as SQLite compares it:
-- pages and uniqueness are then the same, whatever language the cluster was made for.

create extension if not exists pg_trgm;

-- Service auth.

create table users (
    id uuid primary key,
    -- In the one form in which addresses are compared.
    email text collate "C" not null unique,
    -- Whether somebody has proven that the address is theirs, or the operator vouches for it.
    email_proven boolean not null,
    display_name text not null,
    -- Address and name in lower case, for finding people whatever the database thinks lower case is.
    search_text text collate "C" not null,
    -- Argon2id in PHC form; null while the account has no password.
    password_hash text,
    roles text not null,
    suspended boolean not null,
    -- Grows with every change, so that of two copies the newer one is known.
    rev bigint not null,
    created_at_us bigint not null,
    -- Whether letters beyond ASCII were in lower case here, whatever their owner had typed.
    email_folded boolean not null default false
);
create index users_by_text on users using gin (search_text gin_trgm_ops);

-- Accounts that may be in a form of before. The server brings them into today's when it starts, and
-- empties this table.
create table users_to_settle (
    user_id uuid primary key references users (id)
);

-- A session that has ended has no row. A closed one can't be refreshed any more.
create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id),
    closed boolean not null,
    created_at_us bigint not null,
    expires_at_us bigint not null
);
create index sessions_by_user on sessions (user_id);

-- Every refresh token of a session, by the SHA-256 of its text. Spent ones stay until they expire:
-- who shows one has stolen it, or was stolen from.
create table refresh_tokens (
    hash text collate "C" primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    spent boolean not null,
    expires_at_us bigint not null,
    -- When it was spent, and of what beside itself its successor is made. The nonce goes when the
    -- successor is used.
    spent_at_us bigint,
    nonce text
);
create index refresh_tokens_by_session on refresh_tokens (session_id);

-- Accounts elsewhere that log in to an account here.
create table identities (
    provider text collate "C" not null,
    subject text collate "C" not null,
    user_id uuid not null references users (id),
    created_at_us bigint not null,
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

-- Service product.

create table categories (
    id uuid primary key,
    parent_id uuid references categories (id),
    name text not null,
    -- The name in lower case: siblings differ in more than case.
    name_key text collate "C" not null
);
create unique index categories_by_parent on categories (parent_id, name_key) where parent_id is not null;
create unique index categories_at_root on categories (name_key) where parent_id is null;
create index categories_by_name on categories (name_key, id);

create table products (
    id uuid primary key,
    seller_id uuid not null,
    category_id uuid references categories (id),
    title text not null,
    title_key text collate "C" not null,
    description text not null,
    price bigint not null check (price > 0),
    currency text not null,
    -- draft, active or archived; sold_out follows from the stock.
    listing text not null,
    images text not null,
    tags text not null,
    weight_g bigint,
    tax_class text,
    on_hand bigint not null,
    reserved bigint not null,
    -- Title, description and tags in the form that is searched.
    words text collate "C" not null,
    created_at_us bigint not null,
    updated_at_us bigint not null,
    rev bigint not null,
    -- A seller's own number for a product, by which an import finds it again.
    sku text collate "C",
    check (0 <= reserved and reserved <= on_hand)
    -- Stock moves change nothing that an index has: with room on their pages they touch none.
) with (fillfactor = 80);
create index products_by_age on products (created_at_us, id);
create index products_by_price on products (price, id);
create index products_by_title on products (title_key, id);
create index products_by_seller on products (seller_id, created_at_us, id);
create index products_by_category on products (category_id, created_at_us, id);
create unique index products_by_sku on products (seller_id, sku) where sku is not null;
create index products_by_words on products using gin (words gin_trgm_ops);

create table stock_movements (
    product_id uuid not null references products (id),
    -- The revision of the product that this movement made: dense enough to order, unique for free.
    product_rev bigint not null,
    id uuid not null,
    at_us bigint not null,
    kind text not null,
    delta bigint not null,
    reason text,
    on_hand_after bigint not null,
    primary key (product_id, product_rev)
);

-- Shows, lots and their logs.

create table streams (
    id uuid primary key,
    seller_id uuid not null,
    title text not null,
    status text collate "C" not null,
    starts_at_us bigint,
    started_at_us bigint,
    ended_at_us bigint,
    created_at_us bigint not null
);
create index streams_by_status on streams (status, id);
create index streams_by_seller on streams (seller_id, id);

create table stream_moderators (
    stream_id uuid not null references streams (id),
    user_id uuid not null,
    primary key (stream_id, user_id)
);

create table auctions (
    id uuid primary key,
    seller_id uuid not null,
    product_id uuid not null,
    stream_id uuid references streams (id),
    position bigint not null,
    title text not null,
    starts_at_us bigint,
    rules text not null,
    rules_view text not null,
    rules_hash text not null,
    created_at_us bigint not null,
    item text not null,
    item_hash text not null
);
create index auctions_by_stream on auctions (stream_id, position);
create index auctions_by_seller on auctions (seller_id, id);

-- Where each log ends, and the public state there. One row moves with every commit: its pages have room
-- for the next versions of their rows, which then need no new place in the indexes.
create table auction_heads (
    auction_id uuid primary key references auctions (id),
    seq bigint not null,
    hash text collate "C" not null,
    status text collate "C" not null,
    state text not null,
    due_at_us bigint,
    -- From when on an outage is made good for: the last moments of a live lot with a soft close.
    late_from_us bigint,
    receipt text
) with (fillfactor = 50);
create index auction_heads_due on auction_heads (due_at_us) where due_at_us is not null;
create index auction_heads_by_status on auction_heads (status, auction_id);
create index auction_heads_late on auction_heads (late_from_us, due_at_us) where late_from_us is not null;

-- The log. `entry` is public, `sealed` is not.
create table auction_events (
    auction_id uuid not null,
    seq bigint not null,
    hash text not null,
    entry text not null,
    sealed text,
    primary key (auction_id, seq)
);

-- Every accepted bid, for ever: what makes a bid happen once.
create table auction_bids (
    auction_id uuid not null,
    bid_id uuid not null,
    bidder_id uuid not null,
    seq bigint not null,
    kind text not null,
    amount bigint not null,
    fingerprint text not null,
    answer text not null,
    voided boolean not null,
    receipt text not null,
    primary key (auction_id, bid_id, bidder_id)
);
create index auction_bids_by_bidder on auction_bids (bidder_id, auction_id);

create table auction_watches (
    auction_id uuid not null references auctions (id),
    user_id uuid not null,
    primary key (auction_id, user_id)
);
create index auction_watches_by_user on auction_watches (user_id);

create table seller_blocks (
    seller_id uuid not null,
    user_id uuid not null,
    blocked_at_us bigint not null,
    primary key (seller_id, user_id)
);

-- States of auctions, kept so that a long log need not be read from its beginning. They say what the
-- sealed parts of the log say, and can be made again from it.
create table auction_snapshots (
    auction_id uuid not null,
    seq bigint not null,
    snapshot text not null,
    primary key (auction_id, seq)
);

-- Service chat: one sequenced channel per show.

create table chat_channels (
    stream_id uuid primary key,
    head_seq bigint not null,
    -- The moment of the last event: the next one is later.
    last_at_us bigint not null,
    settings text not null,
    pinned_id uuid
) with (fillfactor = 50);

-- The log, as it is sent. Only the text of a deleted message is ever rewritten.
create table chat_events (
    stream_id uuid not null,
    seq bigint not null,
    event text not null,
    primary key (stream_id, seq)
);

create table chat_messages (
    id uuid primary key,
    stream_id uuid not null,
    seq bigint not null,
    user_id uuid not null,
    -- What the author was called when they wrote it.
    display_name text not null,
    text text not null,
    at_us bigint not null,
    deleted boolean not null,
    -- What the author was in the show when they wrote it; null for everybody else.
    role text
);
create unique index chat_messages_in_order on chat_messages (stream_id, seq);
create index chat_messages_by_time on chat_messages (stream_id, at_us);
create index chat_messages_by_author on chat_messages (user_id, at_us);

-- What moderators decided about single users.
create table chat_members (
    stream_id uuid not null,
    user_id uuid not null,
    muted_until_us bigint,
    banned boolean not null,
    reason text,
    decided_by uuid not null,
    decided_at_us bigint not null,
    primary key (stream_id, user_id)
);

-- The server's own signing keys. `seed` is hex: 32 bytes as they are, or encrypted with the operator's
-- secret key. A retired key signs no more, but what it signed stays verifiable.
create table signing_keys (
    key_id text collate "C" primary key,
    purpose text not null check (purpose in ('jwt', 'log')),
    encrypted boolean not null,
    seed text not null,
    created_at_us bigint not null,
    retired_at_us bigint
);

-- One row: which history of this database's channels this is. A restore begins a new one.
create table history (
    id bigint primary key check (id = 1),
    epoch uuid not null,
    created_at_us bigint not null
);

-- One row that is written again and again, to see whether the database takes it.
create table write_probes (
    id bigint primary key check (id = 1),
    at_us bigint not null,
    filler bytea not null
) with (fillfactor = 50);
-- As large as it is: nothing is learnt from zeros in a few bytes.
alter table write_probes alter column filler set storage external;

-- One row: until when the house has been served. Whoever serves it advances this once a second; no row
-- means that it never was.
create table service_time (
    id bigint primary key check (id = 1),
    served_until_us bigint not null
) with (fillfactor = 50);

-- When nobody was served: from the last moment at which somebody may have been, to the first at which
-- somebody may have been again. Lots whose last moments fell into one are made good for.
create table outages (
    from_us bigint not null,
    to_us bigint primary key
);
