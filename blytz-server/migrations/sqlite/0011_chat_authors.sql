-- Service chat: when somebody wrote, over all chats.
create index chat_messages_by_author on chat_messages (user_id, at_us);
