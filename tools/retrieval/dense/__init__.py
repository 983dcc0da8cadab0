"""Finding pages by what they mean: sentence embeddings of passages, tables and figures."""
