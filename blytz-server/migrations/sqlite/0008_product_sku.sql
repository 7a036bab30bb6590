-- A seller's own number for a product, by which an import finds it again.

alter table products add column sku text;

create unique index products_by_sku on products (seller_id, sku) where sku is not null;
