-- Service chat: what the author was in the show when they wrote it. Null for everybody else, and for what
-- was written before this was noted.
alter table chat_messages add column role text;
