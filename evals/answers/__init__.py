"""Questions asked of a graph: what was answered, at what cost, and how good it was."""
