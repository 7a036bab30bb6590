-- Service product: categories, products and the stock book.

create table categories (
    id uuid not null primary key,
    parent_id uuid references categories (id),
    name text not null,
    -- The name in lower case: siblings differ in more than case.
    name_key text not null
);

create unique index categories_by_parent on categories (parent_id, name_key) where parent_id is not null;
create unique index categories_at_root on categories (name_key) where parent_id is null;
create index categories_by_name on categories (name_key, id);

create table products (
    id uuid not null primary key,
    seller_id uuid not null,
    category_id uuid references categories (id),
    title text not null,
    title_key text not null,
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
    -- Title, description and tags in lower case, for the search.
    words text not null,
    created_at_us bigint not null,
    updated_at_us bigint not null,
    rev bigint not null,
    check (0 <= reserved and reserved <= on_hand)
);

create index products_by_age on products (created_at_us, id);
create index products_by_price on products (price, id);
create index products_by_title on products (title_key, id);
create index products_by_seller on products (seller_id, created_at_us, id);
create index products_by_category on products (category_id, created_at_us, id);

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
