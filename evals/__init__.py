"""Evaluation: questions with gold pages, what was found for them, and how good it was."""
