-- From when on an outage is made good for: the last moments of a live lot with a soft close. Of lots that
-- are live already nobody knows it before their next commit; they are asked, and most do nothing.
alter table auction_heads add column late_from_us bigint;
update auction_heads set late_from_us = 0 where status = 'live';
create index auction_heads_late on auction_heads (late_from_us, due_at_us) where late_from_us is not null;
