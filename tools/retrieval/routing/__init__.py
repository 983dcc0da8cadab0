"""Routing: which modalities a question needs, before they are searched."""
