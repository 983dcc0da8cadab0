"""The text agent: pages as sheets, quotes found again, cells of tables."""
