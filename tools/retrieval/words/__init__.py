"""Finding pages by the words they share with a question."""
