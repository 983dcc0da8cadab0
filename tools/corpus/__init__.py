"""The corpus: a folder of documents, the catalogue of all that was read in them, the readers."""
