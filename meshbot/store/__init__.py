"""The SQLite file, its schema, its copies and its repair, and the lock on it."""
