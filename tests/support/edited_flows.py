"""Flows that Hypothesis makes up, and the next versions of them, with the migration that an author would declare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

KINDS = {"text 1..60": "word", "whole number 0..50": "7", "one of red, blue": "red", "yes or no": "yes"}
"""Types, each with an answer that fits it. Those of numbers, options and truths are words that a text takes as well."""


@dataclass(frozen=True)
class Part:
    """A step of a made-up flow: ``ask`` and ``repeat`` by their slot, ``say``, ``do``, ``remind`` and ``confirm``."""

    word: str
    slot: str = ""
    kind: str = "text 1..60"
    is_optional: bool = False
    guard: str = ""
    inner: tuple[Part, ...] = ()

    @property
    def is_question(self) -> bool:
        return self.word in ("ask", "repeat")

    def yaml(self, known: Sequence[str]) -> str:
        """``known`` are slots that come before it."""
        guard = f", when: has({self.guard})" if self.guard in known else ""
        if self.word == "ask":
            optional = ", optional: true" if self.is_optional else ""
            return f'{{ask: {self.slot}, type: "{self.kind}", prompt: "{self.slot}?"{optional}{guard}, attempts: 20}}'
        if self.word == "repeat":
            steps = ", ".join(one.yaml(known) for one in self.inner)
            return f"{{repeat: {self.slot}, ask_more: more?, steps: [{steps}]}}"
        if self.word == "do":
            return f"{{do: work.{self.slot}, name: {self.slot}, send: [{', '.join(known[:1])}], undo: work.off{guard}}}"
        if self.word == "confirm" and known:
            return f"{{confirm: {self.slot}, review: [{', '.join(known[:3])}], prompt: ok?, attempts: 20}}"
        if self.word == "remind":
            return "{remind: in 2 days, say: Look.}"
        return f'{{say: "{self.slot}"}}'


@dataclass(frozen=True)
class Version:
    """One version of the flow, with the entries of its migrations."""

    number: int
    parts: tuple[Part, ...]
    migrations: tuple[tuple[dict[str, str], dict[str, str], tuple[str, ...]], ...] = ()

    @property
    def text(self) -> str:
        lines = ["flow: f", f"version: {self.number}"]
        if self.migrations:
            lines.append("migrate:")
        for number, (renamed, moved, again) in enumerate(self.migrations, start=self.number - len(self.migrations)):
            lines += [f"  - from: {number}", f"    rename_slots: {_map(renamed)}", f"    move_steps: {_map(moved)}"]
            lines += [f"    ask_again: [{', '.join(again)}]"] if again else []
        known: list[str] = []
        lines.append("steps:")
        for part in self.parts:
            lines.append(f"  - {part.yaml(known)}")
            if part.is_question:
                known.append(part.slot)
        return "\n".join(lines)

    @property
    def questions(self) -> list[str]:
        return [part.slot for part in self.parts if part.is_question]


def _map(names: dict[str, str]) -> str:
    return "{" + ", ".join(f"{old}: {new}" for old, new in names.items()) + "}"


def asks(*, plain: bool = False) -> st.SearchStrategy[Part]:
    kinds = st.just("text 1..60") if plain else st.sampled_from(sorted(KINDS))
    return st.builds(
        Part,
        word=st.just("ask"),
        kind=kinds,
        is_optional=st.booleans(),
        guard=st.just("") if plain else st.sampled_from(["", "", "s0", "s1"]),
    )


def parts(*, plain: bool = False) -> st.SearchStrategy[Part]:
    if plain:
        return st.one_of(asks(plain=True), st.just(Part("say")))
    inner = st.lists(st.one_of(asks(plain=True), st.just(Part("say")), asks()), max_size=2).map(_with_a_question)
    repeats = st.builds(Part, word=st.just("repeat"), inner=inner)
    others = st.sampled_from([Part("say"), Part("do"), Part("remind"), Part("confirm")])
    return st.one_of(asks(), asks(), asks(), repeats, others)


def _with_a_question(inner: list[Part]) -> tuple[Part, ...]:
    return (*inner, Part("ask"))


@st.composite
def first_versions(draw: Any, *, plain: bool = False) -> Version:
    """Slots are ``s0``, ``s1`` … in the order of the flow; it ends with a question of its own."""
    made = draw(st.lists(parts(plain=plain), min_size=1, max_size=6))
    named = [_named(part, f"s{number}") for number, part in enumerate(made)]
    return Version(1, (*named, Part("ask", "last")))


def _named(part: Part, name: str) -> Part:
    inner = tuple(replace(one, slot=f"{name}i{number}") for number, one in enumerate(part.inner))
    return replace(part, slot=name, inner=inner)


@st.composite
def next_versions(draw: Any, before: Version, *, plain: bool = False) -> Version:
    """The version after this one: steps renamed, taken out, put in, and unless ``plain`` of other types, put elsewhere,
    moved to by the migration, and asked for again."""
    number = before.number + 1
    made: list[Part] = []
    renamed: dict[str, str] = {}
    gone: list[str] = []
    for place, part in enumerate(before.parts):
        if draw(st.integers(0, 5)) == 0:
            made.append(_named(draw(parts(plain=plain)), f"v{number}n{place}"))
        change = draw(st.sampled_from(["keep", "keep", "rename", "remove", "retype"]))
        if change == "remove" and part.slot != "last":
            gone += [part.slot] if part.is_question else []
            continue
        kept = part
        if change == "retype" and not plain and part.word == "ask":
            kept = replace(kept, kind=draw(st.sampled_from(sorted(KINDS))))
        if change == "rename" and part.is_question:
            kept = replace(kept, slot=f"{part.slot}r{number}")
            renamed[part.slot] = kept.slot
        made.append(kept)
    if not plain and draw(st.integers(0, 4)) == 0:
        made = draw(st.permutations(made))
    questions = [part.slot for part in made if part.is_question]
    moved, again = {}, ()
    if not plain and questions:
        moved = {name: draw(st.sampled_from(questions)) for name in gone if draw(st.booleans())}
        again = tuple(sorted(draw(st.sets(st.sampled_from(questions), max_size=2)) if draw(st.booleans()) else ()))
    return Version(number, tuple(made), (*before.migrations, (renamed, moved, again)))


@st.composite
def lives(draw: Any, *, versions: int = 3, plain: bool = False) -> list[Version]:
    """A flow through some versions."""
    found = [draw(first_versions(plain=plain))]
    for _ in range(draw(st.integers(1, versions - 1))):
        found.append(draw(next_versions(found[-1], plain=plain)))
    return found
