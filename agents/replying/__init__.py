"""Typed replies: parsed, mended once, with tools on the way, within what a model takes."""
