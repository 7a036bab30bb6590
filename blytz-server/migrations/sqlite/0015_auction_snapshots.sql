-- States of auctions, kept so that a long log need not be read from its beginning. They say what the
-- sealed parts of the log say, and can be made again from it.
create table auction_snapshots (
    auction_id uuid not null,
    seq bigint not null,
    snapshot text not null,
    primary key (auction_id, seq)
);
