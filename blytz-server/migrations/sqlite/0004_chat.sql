-- Service chat: one sequenced channel per show.

create table chat_channels (
    stream_id uuid not null primary key,
    head_seq bigint not null,
    -- The moment of the last event: the next one is later.
    last_at_us bigint not null,
    settings text not null,
    pinned_id uuid
);

-- The log, as it is sent. Only the text of a deleted message is ever rewritten.
create table chat_events (
    stream_id uuid not null,
    seq bigint not null,
    event text not null,
    primary key (stream_id, seq)
);

create table chat_messages (
    id uuid not null primary key,
    stream_id uuid not null,
    seq bigint not null,
    user_id uuid not null,
    -- What the author was called when they wrote it.
    display_name text not null,
    text text not null,
    at_us bigint not null,
    deleted boolean not null
);

create unique index chat_messages_in_order on chat_messages (stream_id, seq);
create index chat_messages_by_time on chat_messages (stream_id, at_us);

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
