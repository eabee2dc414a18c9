"""What a long conversation should hold, told a second time without the engine: slots, what is open, where back leads.

Of the flow below. The rules are those that `docs/flow-language.md` promises, in their shortest form: the open question
is the first that applies and has no answer; a changed answer takes back what depends on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from fsm_engine.model.slot import Json

BOT: Final = """\
bot: soak
languages: [en, es]
region: US
digressions:
  - {say: Only we can see it., phrases: {en: [who can see this], es: [quién puede ver esto]}}
"""
ORDER: Final = """\
flow: order
start: {phrases: [place an order]}
steps:
  - {ask: name, type: person name, prompt: name?, attempts: 20}
  - {ask: email, type: email, prompt: email?, attempts: 20}
  - {ask: age, type: whole number 0..120, prompt: age?, attempts: 20}
  - {ask: size, type: "one of small, large", same_as: {small: [pequeño], large: [grande]}, prompt: size?, attempts: 20}
  - {ask: extra, type: text, prompt: "extra for {size}?", optional: true}
  - {ask: deposit, type: money USD, when: size == "large", prompt: deposit?, attempts: 20}
  - {ask: day, type: date, prompt: day?, optional: true, attempts: 20}
  - {confirm: sure, review: [name, email, age, size, extra, deposit, day], prompt: right?, attempts: 20}
  - {end: Done.}
"""
ASIDE: Final = """\
flow: aside
start: {phrases: [talk about the weather]}
steps:
  - {ask: weather, type: text, prompt: weather?}
  - {ask: degrees, type: whole number, prompt: degrees?, attempts: 20}
"""

QUESTIONS: Final = ("name", "email", "age", "size", "extra", "deposit", "day")
OPTIONAL: Final = frozenset({"extra", "day"})
DEPENDS_ON_SIZE: Final = ("extra", "deposit")
MAKERS: Final[dict[str, Callable[[Random], tuple[str, Json]]]] = {
    "name": lambda random: _name(random),
    "email": lambda random: _email(random),
    "age": lambda random: _age(random),
    "size": lambda random: random.choice((("small", "small"), ("large", "large"), ("grande", "large"))),
    "extra": lambda random: _extra(random),
    "deposit": lambda random: _deposit(random),
    "day": lambda random: _day(random),
}
SPANISH_NAMES: Final = {"name": "nombre", "email": "correo", "age": "edad"}


def _name(random: Random) -> tuple[str, Json]:
    name = f"{random.choice(('Ana', 'Ahmed', 'Mei'))} {random.choice(('Lopez', 'Ali', 'Wong', 'Smith'))}"
    return name, name


def _email(random: Random) -> tuple[str, Json]:
    address = f"user{random.randrange(10_000)}@example.com"
    return address, address


def _age(random: Random) -> tuple[str, Json]:
    age = random.randrange(1, 120)
    return str(age), age


def _extra(random: Random) -> tuple[str, Json]:
    extra = f"{random.choice(('ribbon', 'card', 'bow'))} number {random.randrange(1_000)}"
    return extra, extra


def _deposit(random: Random) -> tuple[str, Json]:
    amount = random.randrange(1, 5_000)
    return f"${amount}", {"amount": f"{amount}.00", "currency": "USD"}


def _day(random: Random) -> tuple[str, Json]:
    day = f"2027-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
    return day, day


@dataclass(slots=True)
class Model:
    """One session of the flow ``order``. ``aside`` is the open question of the flow that interrupted it, if any."""

    slots: dict[str, Json] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    trail: list[str] = field(default_factory=list)
    aside: str | None = None
    returning_to: str | None = None
    wanted: str | None = None

    def applies(self, question: str) -> bool:
        return question != "deposit" or self.slots.get("size") == "large"

    @property
    def open(self) -> str:
        """The question that the user wants to change, else the first that applies and has no answer."""
        if self.wanted is not None:
            return self.wanted
        waiting = (q for q in QUESTIONS if self.applies(q) and q not in self.slots and q not in self.skipped)
        return next(waiting, "sure")

    @property
    def answered(self) -> list[str]:
        return [question for question in QUESTIONS if question in self.slots]

    def answer(self, value: Json) -> None:
        question = self.open
        self.wanted = None
        self._put(question, value)
        self.trail.append(question)
        self._settle()

    def volunteer(self, slot: str, value: Json) -> None:
        self._put(slot, value)

    def skip(self) -> None:
        question = self.open
        self.wanted = None
        self.trail.append(question)
        self.skipped.add(question)
        self._settle()

    def change(self, slot: str, value: Json) -> None:
        self._leave()
        self.wanted = None
        self._put(slot, value)
        self._settle()

    def ask_again(self, slot: str) -> None:
        self._leave()
        self._forget(slot)
        self.wanted = slot
        if slot == "size":
            self._forget_dependents()

    def back(self) -> None:
        """To the question that was answered last, which loses its answer."""
        if not self.trail:
            return
        slot = self.wanted = self.trail.pop()
        self._forget(slot)
        if slot == "size":
            self._forget_dependents()

    def _put(self, slot: str, value: Json) -> None:
        self.slots[slot] = value
        self.skipped.discard(slot)
        if slot == "size" and self.returning_to is not None:
            self._forget_dependents()

    def _forget_dependents(self) -> None:
        for slot in DEPENDS_ON_SIZE:
            self._forget(slot)

    def _forget(self, slot: str) -> None:
        self.slots.pop(slot, None)
        self.skipped.discard(slot)
        self.trail = [name for name in self.trail if name != slot]

    def _leave(self) -> None:
        self.returning_to = self.returning_to or self.open

    def _settle(self) -> None:
        places = (*QUESTIONS, "sure")
        if self.returning_to is not None and places.index(self.open) >= places.index(self.returning_to):
            self.returning_to = None
