"""T8: each message is delivered one to five times at once, to several processes: one turn, one effect, one reply.

proves: P3, P5, A2
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from fsm_engine.testing.history import findings
from tests.faults.figures import SEED, record, size
from tests.faults.forks import Child, Forks
from tests.faults.seen import HALF_TURNS, Call, final_state, operations, rows
from tests.faults.talking import bank_of

WORKERS = 3
TEXTS = ("I want to pay", "25", "a bicycle")


def deliveries(chance: random.Random, conversation: str, number: int) -> list[tuple[int, Call]]:
    """One message, with the worker that each delivery of it goes to."""
    return [
        (
            chance.randrange(WORKERS),
            {
                "client": f"{conversation} {number}.{delivery}",
                "conversation": conversation,
                "request_id": f"r{number}",
                "text": TEXTS[number],
            },
        )
        for delivery in range(chance.randint(1, 5))
    ]


def deliver(workers: list[Child], sent: list[tuple[int, Call]]) -> list[dict[str, Any]]:
    """All of them at once; the answers when each has one."""
    for worker, call in sent:
        workers[worker].tell([call])
    expected = Counter(worker for worker, _ in sent)
    return [answer for worker in expected for answer in heard(workers[worker], expected[worker])]


def heard(worker: Child, answers: int) -> list[Any]:
    said = [worker.hear() for _ in range(answers)]
    assert None not in said, "a worker is dead"
    return said


@pytest.mark.parametrize("knows_keys", [True, False])
def test_a_message_delivered_several_times_at_once_is_one_turn_with_one_effect(
    forks: Forks, tmp_path: Path, knows_keys: bool
) -> None:
    chance = random.Random(SEED)
    bank = bank_of(tmp_path, knows_keys=knows_keys)
    workers = [forks.start("work", tmp_path, knows_keys) for _ in range(WORKERS)]
    assert [worker.hear() for worker in workers] == ["ready"] * WORKERS
    conversations = [f"chat {number}" for number in range(size(20, 150))]
    answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    sent: dict[str, list[Call]] = defaultdict(list)
    for number in range(len(TEXTS)):
        messages = [one for conversation in conversations for one in deliveries(chance, conversation, number)]
        chance.shuffle(messages)
        for _, call in messages:
            sent[call["conversation"]].append(call)
        for answer in deliver(workers, messages):
            answers[answer["conversation"]].append(answer)
    assert [worker.wait() for worker in workers] == [0] * WORKERS

    in_doubt = turns = effects = 0
    for conversation in conversations:
        final = final_state(tmp_path, conversation, bank)
        found = findings(operations(sent[conversation], answers[conversation]), final)
        in_doubt += len(found)

        assert found == []  # also without keys: a second process waits for the first
        assert final.log == ("r0", "r1", None, "r2")
        assert len(final.effects) == 1
        turns += final.version
        effects += len(final.effects)
    assert rows(tmp_path, HALF_TURNS) == []
    statuses = dict(rows(tmp_path, "SELECT status, count(*) FROM audit_log GROUP BY status"))
    assert statuses.get("unknown", 0) == in_doubt
    assert sum(statuses.values()) == len(conversations)
    total = sum(map(len, sent.values()))
    assert total > 2 * len(TEXTS) * len(conversations)
    record(
        "T8",
        what="deliveries at once to several processes" if knows_keys else "the same, and the action knows no keys",
        messages=len(TEXTS) * len(conversations),
        deliveries=total,
        turns=turns,
        effects=effects,
        in_doubt=in_doubt,
    )
