"""Whether what was found and claimed stands: quotes, numbers, claims. No model has a say in it."""
