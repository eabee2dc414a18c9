"""What a caller may know of: a conversation of another user reads as one that is not there, damaged or not."""

from __future__ import annotations

from fsm_engine.errors import SessionCorrupted, no_conversation
from fsm_engine.storage.records import LoadedConversation
from fsm_engine.storage.store import Store
from fsm_engine.understanding.text import canonical_id


async def load_visible(
    store: Store, conversation_id: str, user_id: str | None, request_id: str | None = None
) -> LoadedConversation:
    """Raises `NotFound` for a conversation that is missing or another user's, and that before anything else."""
    canonical_id(conversation_id, what="conversation_id")
    try:
        loaded = await store.load(conversation_id, request_id)
    except SessionCorrupted:
        await must_see(store, conversation_id, user_id)
        raise
    if loaded is None or (user_id is not None and loaded.conversation.user_id != user_id):
        raise no_conversation(conversation_id)
    return loaded


async def must_see(store: Store, conversation_id: str, user_id: str | None) -> None:
    """Raises `NotFound`, unless this user may know that there is such a conversation."""
    if await store.conversations.get(conversation_id, user_id=user_id) is None:
        raise no_conversation(conversation_id) from None
