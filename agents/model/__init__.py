"""The model team: every role a file with one function, its prompt in `agents/prompts`."""
