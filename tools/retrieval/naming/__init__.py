"""What a question names: pages, figures, tables, sections, documents, years."""
