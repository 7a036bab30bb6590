-- Shows, lots and their logs. Written for SQLite and PostgreSQL alike.

create table streams (
    id uuid primary key,
    seller_id uuid not null,
    title text not null,
    status text not null,
    starts_at_us bigint,
    started_at_us bigint,
    ended_at_us bigint,
    created_at_us bigint not null
);

create index streams_by_status on streams (status, id);

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
    created_at_us bigint not null
);

create index auctions_by_stream on auctions (stream_id, position);
create index auctions_by_seller on auctions (seller_id, id);

-- Where each log ends, and the public state there. One row moves with every commit.
create table auction_heads (
    auction_id uuid primary key references auctions (id),
    seq bigint not null,
    hash text not null,
    status text not null,
    state text not null,
    due_at_us bigint
);

create index auction_heads_due on auction_heads (due_at_us) where due_at_us is not null;
create index auction_heads_by_status on auction_heads (status, auction_id);

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
