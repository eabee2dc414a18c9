"""A bot so small that all it does can be said in a page, and that page: conversations in plain dictionaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from fsm_engine.model.turn import Reply

ORDER: Final = """
flow: order
title: an order
start: {phrases: [I want to order]}
steps:
  - {ask: dish, type: text 1..60, prompt: Which dish?}
  - {ask: size, type: "one of small, large", prompt: Small or large?}
  - {ask: note, type: text 1..60, prompt: Any wish?}
  - {end: Thank you.}
"""
BOT: Final = "bot: b\nexpires: 30 minutes\n"
IDLE_S: Final = 1800.0
WISH: Final = "I want to order"
CHANGE_DISH: Final = "change my dish"
MAKE_IT_LARGE: Final = "actually the size is large"
NO_SIZE: Final = "medium"
GREETING: Final = "hello there"
OVER: Final = "(over)"
_NEXT: Final = {"dish": "size", "size": "note", "note": OVER}


@dataclass(slots=True)
class Session:
    """``answers`` as understood, by step; ``misses``: answers in a row that did not fit."""

    id: str = ""
    status: str = "active"
    turn: int = 0
    step: str | None = None
    answers: dict[str, str] = field(default_factory=dict)
    returning_to: str | None = None
    misses: int = 0


@dataclass(slots=True)
class Chat:
    user: str | None
    title: str
    sessions: list[Session] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    last_turn_s: float = 0.0

    @property
    def version(self) -> int:
        return sum(session.turn for session in self.sessions)

    @property
    def roles(self) -> dict[str, int]:
        return dict(Counter(role for role, _ in self.said))


class Model:
    """What conversations the bot has had. ``now_s`` is the time in seconds since some moment."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.chats: dict[str, Chat] = {}

    def session(self, chat: str) -> Session | None:
        """The one that the next text goes to."""
        known = self.chats.get(chat)
        if known is None or known.sessions[-1].status != "active" or self.is_idle(known):
            return None
        return known.sessions[-1]

    def is_idle(self, chat: Chat) -> bool:
        return self.now_s - chat.last_turn_s >= IDLE_S

    def texts(self, chat: str) -> list[str]:
        """What a user may say next so that this page tells what comes of it."""
        session = self.session(chat)
        if session is None:
            return [WISH, GREETING]
        if session.step is None:
            return [WISH]
        texts = ["small", "large"] if session.step == "size" else ["Soup", "Rice", "Fish"]
        if session.step == "size" and session.misses == 0:
            texts.append(NO_SIZE)
        if session.step != "dish":
            texts.append(CHANGE_DISH)
        if session.step == "note":
            texts.append(MAKE_IT_LARGE)
        return texts

    def say(self, chat: str, user: str | None, text: str, reply: Reply) -> None:
        """A text was answered with ``reply``, whose wording is taken as it is."""
        session = self._opened(chat, user, title=text)
        self.chats[chat].said.append(("user", text))
        if session.step is None:
            session.step = "dish" if text == WISH else None
        elif text == CHANGE_DISH:
            if session.returning_to is None:
                session.returning_to = session.step
            session.step, session.misses = "dish", 0
            del session.answers["dish"]
        elif text == MAKE_IT_LARGE:
            session.answers["size"] = "large"
        elif text == NO_SIZE:
            session.misses += 1
        else:
            session.answers[session.step] = text
            session.step, session.returning_to, session.misses = session.returning_to or _NEXT[session.step], None, 0
        if session.step == OVER:
            session.status = "completed"
        self._answered(chat, session, reply)

    def start(self, chat: str, user: str | None, reply: Reply) -> None:
        """The bot started the flow; a session in which it runs already ends as cancelled."""
        running = self.session(chat)
        if running is not None and running.step is not None:
            running.status = "cancelled"
        session = self._opened(chat, user, title="order")
        session.step = "dish"
        self._answered(chat, session, reply)

    def delete_user(self, user: str) -> tuple[int, int, int, int]:
        """How many conversations, sessions, messages and answers went."""
        names = [name for name, chat in self.chats.items() if chat.user == user]
        gone = [self.chats.pop(name) for name in names]
        sessions = [session for chat in gone for session in chat.sessions]
        answers = sum(len(session.answers) for session in sessions)
        return len(gone), len(sessions), sum(len(chat.said) for chat in gone), answers

    def _opened(self, chat: str, user: str | None, *, title: str) -> Session:
        known = self.chats.setdefault(chat, Chat(user, title))
        running = self.session(chat) if known.sessions else None
        if running is not None:
            return running
        if known.sessions and known.sessions[-1].status == "active":
            known.sessions[-1].status = "expired"
        known.sessions.append(Session())
        return known.sessions[-1]

    def _answered(self, chat: str, session: Session, reply: Reply) -> None:
        known = self.chats[chat]
        session.turn += 1
        if session.turn == 1:
            session.id = reply.session.id
        known.said += [("assistant", message.text) for message in reply.messages]
        known.last_turn_s = self.now_s
