-- Services auth and keys: a column of instants ends in its unit, as everywhere else.
alter table users rename column created_at to created_at_us;
alter table sessions rename column created_at to created_at_us;
alter table sessions rename column expires_at to expires_at_us;
alter table refresh_tokens rename column expires_at to expires_at_us;
alter table refresh_tokens rename column spent_at to spent_at_us;
alter table identities rename column created_at to created_at_us;
alter table signing_keys rename column created_at to created_at_us;
alter table signing_keys rename column retired_at to retired_at_us;
alter table history rename column created_at to created_at_us;
