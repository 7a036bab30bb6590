-- Logs of format 2: a lot's own item, receipts beside what they are of, and one under the end of a lot.

-- A log of the format before can't be read on, and is not to be guessed at.
create temporary table log_format (
    version bigint not null constraint "this database holds lots whose logs are of the format before: start with a new data folder"
        check (version = 2)
);
insert into log_format (version) select case when exists (select 1 from auctions) then 1 else 2 end;
drop table log_format;

alter table auctions add column item text not null default '';
alter table auctions add column item_hash text not null default '';
alter table auction_heads add column receipt text;
alter table auction_bids add column receipt text not null default '';
