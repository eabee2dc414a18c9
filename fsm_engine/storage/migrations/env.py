"""What Alembic runs before any revision: it works inside the transaction that the caller has begun."""

from alembic import context


def run() -> None:
    """Runs the revisions on the caller's connection.

    SQLite's DDL is transactional, and pysqlite is kept from committing by itself (see `migrating`), so that all of a
    run is stored at once or not at all.
    """
    context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


run()
