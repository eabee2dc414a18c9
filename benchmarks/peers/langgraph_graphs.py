"""The dialogue as LangGraph's graphs."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

from benchmarks.peers.account import CLOSING, END, INTRO, Bank, Question, answer


class Account(TypedDict, total=False):
    """The state of both graphs; ``text``, ``step`` and ``reply`` serve the second."""

    slots: Annotated[dict[str, str], operator.or_]
    heard: Annotated[list[str], operator.add]
    text: str
    step: str
    reply: str


def _asking(question: Question, opening: str) -> Callable[[Account], dict[str, Any]]:
    """A node that asks until the answer fits; LangGraph runs it anew from its start at every resume."""
    from langgraph.types import interrupt

    def ask(state: Account) -> dict[str, Any]:
        heard = [interrupt(opening + question.prompt.format(**state.get("slots", {})))]
        while (value := question.read(heard[-1])) is None:
            heard.append(interrupt(question.again))
        return {"slots": {question.slot: value}, "heard": heard}

    return ask


def interrupting(questions: tuple[Question, ...], bank: Bank) -> Any:
    """The graph as a chain of questions."""
    from langgraph.graph import END as LAST
    from langgraph.graph import START, StateGraph

    def close(state: Account) -> dict[str, str]:
        slots = state["slots"]
        return {"reply": CLOSING.format(**slots, account_number=bank.open_account(slots))}

    graph = StateGraph(Account)
    names = [question.slot for question in questions]
    for place, question in enumerate(questions):
        graph.add_node(question.slot, _asking(question, "" if place else INTRO))
    graph.add_node("close", close)
    for before, after in zip([START, *names, "close"], [*names, "close", LAST], strict=True):
        graph.add_edge(before, after)
    return graph


def invoked_per_message(questions: tuple[Question, ...], bank: Bank) -> Any:
    """The graph in which every message runs one node."""
    from langgraph.graph import END as LAST
    from langgraph.graph import START, StateGraph

    def node(step: str) -> Callable[[Account], dict[str, Any]]:
        def read(state: Account) -> dict[str, Any]:
            text = state["text"]
            taken = answer(questions, step, state.get("slots", {}), text, bank)
            slots = {} if taken.value is None else {step: taken.value}
            return {"slots": slots, "heard": [text], "step": taken.step, "reply": taken.reply}

        return read

    graph = StateGraph(Account)
    steps = [END, *(question.slot for question in questions)]
    names = {step: f"at_{step}" for step in steps}
    for step, name in names.items():
        graph.add_node(name, node(step))
        graph.add_edge(name, LAST)
    graph.add_conditional_edges(START, lambda state: state.get("step", END), names)
    return graph
