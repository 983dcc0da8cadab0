"""Late interaction at scale: token vectors in mapped files, compact codes, exact scores."""
