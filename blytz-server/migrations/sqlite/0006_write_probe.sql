-- One row that is written again and again, to see whether the database takes it.
create table write_probes (
    id bigint not null primary key check (id = 1),
    at_us bigint not null,
    filler bytea not null
);
