"""Reading and keeping rows, table by table: the same code over every store.

Where a look-up takes a ``user_id``, rows of other users are as missing as rows that do not exist; None asks for any
user's. To add a verb: name its statement in ``sql``, and let a method here say what it gives.
"""

from fsm_engine.storage.repositories.actions import Audit, Idempotency, Transactions, request_key
from fsm_engine.storage.repositories.analytics import Analytics
from fsm_engine.storage.repositories.base import Repository
from fsm_engine.storage.repositories.conversations import Conversations, Users
from fsm_engine.storage.repositories.deliveries import Deliveries, Takers
from fsm_engine.storage.repositories.findings import Intents, Risk, Summaries
from fsm_engine.storage.repositories.messages import Messages
from fsm_engine.storage.repositories.retention import Progress, Retention
from fsm_engine.storage.repositories.sessions import Responses, Sessions
from fsm_engine.storage.repositories.timers import FlowVersions, Timers

__all__ = [
    "Analytics",
    "Audit",
    "Conversations",
    "Deliveries",
    "FlowVersions",
    "Idempotency",
    "Intents",
    "Messages",
    "Progress",
    "Repository",
    "Responses",
    "Retention",
    "Risk",
    "Sessions",
    "Summaries",
    "Takers",
    "Timers",
    "Transactions",
    "Users",
    "request_key",
]
