"""One module per revision; Alembic finds them here."""
