create index streams_by_seller on streams (seller_id, id);
