-- One row: until when the house has been served. Whoever serves it advances this once a second; no row
-- means that it never was.
create table service_time (
    id bigint not null primary key check (id = 1),
    served_until_us bigint not null
);

-- When nobody was served: from the last moment at which somebody may have been, to the first at which
-- somebody may have been again. Lots whose last moments fell into one are made good for.
create table outages (
    from_us bigint not null,
    to_us bigint not null primary key
);
