"""schema_v2: conversations, sessions, messages and the journal of turns"""

from alembic import op

from fsm_engine.storage.migrations import from_chat_history, to_chat_history
from fsm_engine.storage.migrations.work import database_of, work_of

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Makes the schema of ``schema_v2.sql``, and messages of the old rows."""
    from_chat_history.upgrade(database_of(op.get_bind()), work_of(op.get_context()))


def downgrade() -> None:
    """Gives the old rows back; what they cannot hold is noted as lost."""
    to_chat_history.downgrade(database_of(op.get_bind()), work_of(op.get_context()))
