"""What reading one message costs: canonical text, folding, anytime words, corrections and intents.

Each message is read many times by each function; a figure is the mean of a few calls in a row, so that the clock's own
cost does not count. Run: ``python -m benchmarks.language [ROUNDS]``.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from statistics import quantiles

from fsm_engine.understanding.anytime import anytime_word
from fsm_engine.understanding.correction_phrases import read_correction
from fsm_engine.understanding.intents import build_classifier
from fsm_engine.understanding.text import canonical_text, fold

ENGLISH = (
    "Ahmed Ali",
    "ahmed.ali@example.com",
    "yes please",
    "checking",
    "+1 415 555 2671",
    "I want to open an account",
    "can you open an account for me please?",
    "my mum helps me when I am sad, and my brother too",
    "I would like to go for a walk twice a week",
    "next Friday, I think",
    "I don't know, maybe 25 dollars?",
    "no",
    "My teacher said that I should sleep more, but I never manage to get to bed before midnight on school days.",
)
TYPOGRAPHIC = (
    "It’s “fine” — I’m good 😀",
    "Quería cambiar mi correo, ¿puedo?",
    "mi madre y mi hermano mayor",
    "sí, claro",
)
COMMANDS = ("help", "can we go back please?", "skip this one", "I want to talk to a human", "what did you ask?")
CORRECTIONS = ("change my email", "actually my email is x@y.z", "no, my name should be Ahmed", "I made a mistake")
MISSPELT = ("opne an acount", "I want to crate an account", "make a plna for the week")
SLOTS = {
    "name": ["full name"],
    "email": ["e-mail address"],
    "phone": [],
    "account_type": ["account type"],
    "deposit": [],
}
HOSTILE = {
    "10 MiB of letters": "a" * (10 * 2**20),
    "10 MiB of combining marks": "\u0301\u0327" * (5 * 2**20),
    "10 MiB of zero-width characters": "\u200b" * (10 * 2**20),
    "10 MiB of lone surrogates": "\ud800" * (10 * 2**20),
    "10 MiB that grow when composed": "\ufb2c" * (10 * 2**20),
    "1,000,000 newlines": "\n" * 10**6,
}

Call = Callable[[str], object]
BATCH = 5


def measured_us(call: Call, messages: Sequence[str], rounds: int) -> tuple[float, float]:
    """The 50th and 99th percentile of what one call costs, in microseconds, over all messages and rounds."""
    for message in messages:
        call(message)  # builds what is built once
    costs: list[float] = []
    for _ in range(rounds):
        for message in messages:
            started = time.perf_counter_ns()
            for _ in range(BATCH):
                call(message)
            costs.append((time.perf_counter_ns() - started) / BATCH / 1000)
    percentiles = quantiles(costs, n=100)
    return percentiles[49], percentiles[98]


def many_intents(count: int, phrases: int) -> dict[str, list[str]]:
    """Intents with phrases of a few rare and some common words each, the same at every run."""
    rng = random.Random(7)
    verbs = ["open", "close", "change", "check", "send", "cancel", "find", "book", "order", "report", "renew", "pay"]
    things = [
        a + b for a in ("bank", "card", "loan", "home", "trip", "meal", "plan") for b in ("", " account", " form")
    ]
    kinds = ["new", "old", "joint", "savings", "travel", "student", "family", "summer", "lost", "shared", "weekly"]
    leads = ["I want to", "can you", "please", "how do I", "help me", "I'd like to"]

    def phrase(number: int) -> str:
        return (
            f"{rng.choice(leads)} {rng.choice(verbs)} my {rng.choice(kinds)} {rng.choice(things)} topic{number % count}"
        )

    intents = {f"intent{number}": [phrase(number) for _ in range(phrases)] for number in range(count - 2)}
    intents["create_account"] = ["I want to open an account", "create an account", "open a bank account"] * 3
    intents["goals"] = ["set a goal", "make a plan for the week", "my goals", "I want to set goals"] * 3
    return intents


def main(rounds: int) -> None:
    classifier = build_classifier(many_intents(50, 10))
    table: list[tuple[str, str, Call, Sequence[str]]] = [
        ("canonical_text", "ASCII", lambda text: canonical_text(text, limit=1000), ENGLISH),
        ("canonical_text", "curly quotes, accents, emoji", lambda text: canonical_text(text, limit=1000), TYPOGRAPHIC),
        ("fold", "ASCII", fold, ENGLISH),
        ("fold", "curly quotes, accents, emoji", fold, TYPOGRAPHIC),
        ("anytime_word", "ordinary answers", lambda text: anytime_word(text, "en"), ENGLISH),
        ("anytime_word", "commands", lambda text: anytime_word(text, "en"), COMMANDS),
        ("read_correction", "ordinary answers", lambda text: read_correction(text, "en", SLOTS), ENGLISH),
        ("read_correction", "corrections", lambda text: read_correction(text, "en", SLOTS), CORRECTIONS),
        ("classify, 50 x 10 phrases", "ordinary answers", classifier.classify, ENGLISH),
        ("classify, 50 x 10 phrases", "misspelt wishes", classifier.classify, MISSPELT),
    ]
    print(f"{'function':28}{'messages':32}{'p50 us':>9}{'p99 us':>9}")
    for name, messages_are, call, messages in table:
        p50, p99 = measured_us(call, messages, rounds)
        print(f"{name:28}{messages_are:32}{p50:9.1f}{p99:9.1f}")
    print(f"\n{'canonical_text, hostile':60}{'ms':>9}")
    for name, text in HOSTILE.items():
        started = time.perf_counter()
        canonical_text(text, limit=1000)
        print(f"{name:60}{(time.perf_counter() - started) * 1000:9.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
