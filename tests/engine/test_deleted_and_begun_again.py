"""A conversation that another process deleted and began again: what this process still holds of it is of no use."""

# proves: M6

from __future__ import annotations

import pytest

from fsm_engine.model.session import Status
from tests.engine.conftest import MakeBot
from tests.support.bots import ORDER, slots, texts


@pytest.mark.parametrize("goes_on", ["text", "start"])
async def test_a_conversation_begun_again_elsewhere_at_the_same_version_is_the_new_one(
    make_bot: MakeBot, goes_on: str
) -> None:
    bot = make_bot(ORDER)
    async with bot.open() as here, bot.open() as elsewhere:
        await here.start("chat", "order", user_id="ahmed", slots={"dish": "Secret soup"})
        await elsewhere.store.users.delete("ahmed")
        begun_again = await elsewhere.start("chat", "order", user_id="ahmed")
        if goes_on == "text":
            reply = await here.turn("chat", "Rice", user_id="ahmed")
        else:
            reply = await here.start("chat", "order", user_id="ahmed")
        sessions = await here.store.sessions.of_user("ahmed")

    if goes_on == "text":
        assert reply.session.id == begun_again.session.id
        assert (texts(reply), slots(reply)) == (["Any wish for your Rice?"], {"dish": "Rice"})
    else:
        assert [(one.id, one.status) for one in sessions] == [
            (reply.session.id, "active"),
            (begun_again.session.id, Status.CANCELLED.value),
        ]
