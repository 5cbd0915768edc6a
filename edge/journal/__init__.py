"""Durable memory: SQLite in WAL with synchronous=FULL, one writer that groups commits."""
