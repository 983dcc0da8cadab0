"""Models on this machine: a vision-language model through transformers, or a server by its URL."""
