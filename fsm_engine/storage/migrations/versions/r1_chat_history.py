"""chat_history: one table, a row per message"""

from alembic import op

from fsm_engine.storage.migrations import chat_history
from fsm_engine.storage.migrations.work import database_of, work_of

revision = "1"
down_revision = None


def upgrade() -> None:
    """Makes the table as bots before this engine had it."""
    chat_history.create(database_of(op.get_bind()))


def downgrade() -> None:
    """Takes the table away, and its rows with it."""
    chat_history.drop(database_of(op.get_bind()), work_of(op.get_context()))
