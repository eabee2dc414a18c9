"""The account dialogue as every tool plays it: the texts of flows/create_account.yaml, one pattern to read each answer.

It is the road of `benchmarks.dialogue.TEXTS` without the branches beside it: no back, help, corrections, languages,
risk stage or intents. A tool is therefore given less to do than the engine does with the same seven messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.dialogue import TEXTS


@dataclass(frozen=True, slots=True)
class Question:
    """``prompt`` is filled with the slots so far; the answer is the first group of ``pattern``, found by search."""

    slot: str
    prompt: str
    pattern: str
    again: str

    def read(self, text: str) -> str | None:
        """The answer in a message, None when there is none."""
        found = re.search(self.pattern, text)
        return None if found is None else found.group(1)


INTRO = 'Let\'s open your account. You can say "back", "help" or "cancel" at any time.\n'
_REVIEW = "Name: {name}\nEmail: {email}\nAccount type: {account_type}\nOpening deposit: ${opening_deposit}.00\n"
QUESTIONS = (
    Question(
        "name",
        "What is your full name?",
        r"^(?:[Mm]y name is )?([A-Za-z]+(?: [A-Za-z]+)+)$",
        "I need your first and last name, please. For example, Ana Lopez.",
    ),
    Question(
        "email",
        "Which e-mail address should we use, {name}?",
        r"(\S+@\S+\.\S+)",
        "That does not look like an e-mail address. It should look like name@example.com.",
    ),
    Question(
        "phone",
        'What is your phone number? You can say "skip".',
        r"(?i)^(skip|\+?[\d ()-]{7,})$",
        "I need a phone number. For example, 415 555 2671.",
    ),
    Question(
        "account_type",
        "Which account would you like, checking or savings?",
        r"\b(checking|savings)\b",
        "Please choose: checking or savings.",
    ),
    Question(
        "opening_deposit",
        "How much would you like to deposit? The minimum is $25.",
        r"^\$?(2[5-9]|[3-9]\d|[1-9]\d{2,})$",
        "I need an amount of $25 or more. For example, $50.",
    ),
    Question(
        "details",
        _REVIEW + "Shall I open the account with these details?",
        r"(?i)^(yes)$",
        "Please say yes, or leave it.",
    ),
)
SLOTS = tuple(question.slot for question in QUESTIONS)
CLOSING = "All done, {name}. Your {account_type} account number is {account_number}."
END = "end"
"""The name of the step behind the last question; the next message begins the dialogue anew."""

_ANSWERS = {
    "name": "Ahmed Ali",
    "email": "ahmed@example.com",
    "account_type": "savings",
    "opening_deposit": "50",
    "account_number": "12345",
}
REPLIES = (
    INTRO + QUESTIONS[0].prompt,
    *(question.prompt.format(**_ANSWERS) for question in QUESTIONS[1:]),
    CLOSING.format(**_ANSWERS),
)
"""What answers `TEXTS`, message by message."""
assert len(REPLIES) == len(TEXTS)


class Bank:
    """Opens accounts at once, and counts them."""

    def __init__(self) -> None:
        self.opened = 0

    def open_account(self, slots: Mapping[str, str]) -> str:
        """The number of the new account."""
        self.opened += 1
        return "12345"


@dataclass(frozen=True, slots=True)
class Answered:
    """What one message comes to: the step that waits next, the answer that was read (None: none), the reply."""

    step: str
    value: str | None
    reply: str


def answer(questions: tuple[Question, ...], step: str, slots: Mapping[str, str], text: str, bank: Bank) -> Answered:
    """One turn, for tools whose steps are plain functions; `END` opens the dialogue.

    Raises:
        KeyError: the dialogue has no such step.
    """
    if step == END:
        return Answered(questions[0].slot, None, INTRO + questions[0].prompt)
    places = {question.slot: place for place, question in enumerate(questions)}
    place = places[step]
    value = questions[place].read(text)
    if value is None:
        return Answered(step, None, questions[place].again)
    filled = {**slots, step: value}
    if place + 1 < len(questions):
        following = questions[place + 1]
        return Answered(following.slot, value, following.prompt.format(**filled))
    return Answered(END, value, CLOSING.format(**filled, account_number=bank.open_account(filled)))
