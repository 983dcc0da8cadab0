"""Data sets of questions, one file each: how its records become questions with gold."""
