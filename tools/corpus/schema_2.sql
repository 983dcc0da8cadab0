-- What version 2 of the catalogue has beside version 1: how a person sorts documents.

CREATE TABLE tags (
    tag TEXT NOT NULL,            -- a word of the person's own
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, document_id)
) WITHOUT ROWID;
CREATE INDEX tags_of_document ON tags (document_id);

CREATE TABLE folders (
    folder TEXT NOT NULL,         -- path of a folder that the file was added from, with slashes
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    PRIMARY KEY (folder, document_id)
) WITHOUT ROWID;
CREATE INDEX folders_of_document ON folders (document_id);
