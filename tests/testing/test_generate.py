"""Generated conversations: whatever is typed is answered, and a second delivery of it changes nothing."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings

from fsm_engine.core.flows import Flows
from fsm_engine.engine.engine import Engine
from fsm_engine.flow_files.load import load_flows
from fsm_engine.model.session import Status
from fsm_engine.testing.clock import VirtualClock
from fsm_engine.testing.database_files import table_digests
from fsm_engine.testing.generate import conversations, converse

SHIPPED = load_flows(Path(__file__).parents[2] / "flows")


async def check(flows: Flows, path: Path, texts: list[str]) -> None:
    async with Engine.open(f"sqlite:///{path}", flows=flows, clock=VirtualClock(), durability="normal") as engine:
        first = await converse(engine, "c", texts)
        before = table_digests(path)
        second = await converse(engine, "c", texts)

        assert [reply.text for reply in second] == [reply.text for reply in first]
        assert table_digests(path) == before
        assert all(reply.messages for reply in first)
        assert all(not reply.duplicate for reply in first)
        assert all(reply.duplicate for reply in second)
        assert all(reply.session.status in Status for reply in first)


@settings(max_examples=40, deadline=None)
@given(texts=conversations(first=["I want to open an account"]))
@example(texts=["I want to open an account", "Ahmed Ali", "cancel", "no", "back", "\ud800"])
async def test_every_message_of_an_account_conversation_is_answered_once(texts: list[str]) -> None:
    with TemporaryDirectory() as place:
        await check(SHIPPED, Path(place, "c.db"), texts)


@settings(max_examples=40, deadline=None)
@given(texts=conversations(first=["make a plan"]))
async def test_every_message_of_a_wellbeing_conversation_is_answered_once(texts: list[str]) -> None:
    with TemporaryDirectory() as place:
        await check(SHIPPED, Path(place, "c.db"), texts)
