-- The search for products. A product without a row in product_documents is indexed at the next start.
-- The number is a key of its own: it stays when the file is rewritten, which rowids do not.
create table product_documents (
    number integer primary key,
    product_id uuid not null unique references products (id)
);

-- Words are stored in the one form in which they are searched, so nothing is left to be folded here.
create virtual table product_words using fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
);
