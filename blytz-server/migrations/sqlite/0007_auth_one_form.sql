-- Service auth: addresses, passwords and what is searched have one form each, which no database knows.

-- Accounts that may be in another form. The server brings them into it when it starts, and empties
-- this table.
create table users_to_settle (
    user_id uuid primary key references users (id)
);
insert into users_to_settle
select id from users where octet_length(search_text) <> length(search_text) or email like '%xn--%';

-- Whether letters beyond ASCII were in lower case here, whatever their owner had typed.
alter table users add column email_folded boolean not null default false;
update users set email_folded = true where octet_length(email) <> length(email);

-- When a refresh token was spent, and of what beside itself its successor is made. The nonce goes
-- when the successor is used.
alter table refresh_tokens add column spent_at bigint;
alter table refresh_tokens add column nonce text;

