-- The catalogue of a corpus as version 1 had it; schema_2.sql adds to it. Rows depend on the documents' content and on the
-- order in which files were named, never on time or on which worker was faster.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE documents (
    id TEXT PRIMARY KEY,          -- blake2b of the file's content, hex
    kind TEXT NOT NULL,           -- pdf | image
    page_count INTEGER NOT NULL,
    title TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    linked TEXT NOT NULL,         -- path of the original when it is kept by reference
    original TEXT NOT NULL        -- file name within originals/; empty when linked
) WITHOUT ROWID;

CREATE TABLE names (
    name TEXT PRIMARY KEY,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position INTEGER NOT NULL     -- 0: the name a person sees
) WITHOUT ROWID;
CREATE INDEX names_of_document ON names (document_id, position);

CREATE TABLE pages (
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,      -- 1-based
    label TEXT,
    width REAL NOT NULL,          -- points
    height REAL NOT NULL,
    stage INTEGER NOT NULL,
    text TEXT NOT NULL,
    ocr INTEGER NOT NULL,
    hidden_text TEXT NOT NULL,
    outline TEXT NOT NULL,        -- JSON list of titles
    error TEXT NOT NULL,
    trouble TEXT NOT NULL,        -- the outcome that `error` explains; empty without one
    digest TEXT NOT NULL,
    words BLOB NOT NULL,          -- see packing.py
    PRIMARY KEY (document_id, number)
);
CREATE INDEX pages_by_stage ON pages (document_id, stage, number);

CREATE TABLE regions (
    id TEXT PRIMARY KEY,
    document_id TEXT NOT NULL,
    page INTEGER NOT NULL,
    position INTEGER NOT NULL,    -- reading order within the page, from 0
    kind TEXT NOT NULL,
    bbox TEXT NOT NULL,           -- JSON, fractions of the page; so are all boxes
    text TEXT NOT NULL,
    caption TEXT NOT NULL,
    label TEXT NOT NULL,
    cells TEXT NOT NULL,          -- JSON rows of a table
    cell_boxes TEXT NOT NULL,
    markdown TEXT NOT NULL,
    FOREIGN KEY (document_id, page) REFERENCES pages (document_id, number) ON DELETE CASCADE
);
CREATE INDEX regions_of_page ON regions (document_id, page, position);

CREATE TABLE passages (
    id TEXT PRIMARY KEY,
    document_id TEXT NOT NULL,
    page INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    heading TEXT NOT NULL,        -- JSON list
    boxes TEXT NOT NULL,          -- JSON list of boxes
    region_id TEXT,
    text_hash BLOB NOT NULL,      -- blake2b of `text`, 16 bytes: the key of its vectors
    FOREIGN KEY (document_id, page) REFERENCES pages (document_id, number) ON DELETE CASCADE
);
CREATE INDEX passages_of_page ON passages (document_id, page, position);
CREATE INDEX passages_by_text ON passages (text_hash);

CREATE TABLE vectors (
    text_hash BLOB NOT NULL,
    encoder TEXT NOT NULL,
    vector BLOB NOT NULL,         -- float32, little endian
    PRIMARY KEY (encoder, text_hash)
);
