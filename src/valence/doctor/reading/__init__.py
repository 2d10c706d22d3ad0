"""Reads what a user can hand in into the parts of a subject, a file per kind of thing; nothing is repaired on the way."""
