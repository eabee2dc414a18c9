"""A conversation, or all that is stored of a user, for people to read and programs to take along."""

from fsm_engine.engine.exports.collect import Exported, export_conversation, export_user
from fsm_engine.engine.exports.markdown import as_markdown

__all__ = ["Exported", "as_markdown", "export_conversation", "export_user"]
