"""The database: SQLite, one file, one connection."""
