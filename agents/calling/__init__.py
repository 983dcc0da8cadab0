"""Asking chat models: the door, the budget at it, what calls cost, who waits, what is kept."""
