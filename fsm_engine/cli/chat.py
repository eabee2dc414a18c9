"""`fsm-engine chat`: a conversation in the terminal that can be left and taken up again at any moment."""

from __future__ import annotations

import shlex
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fsm_engine.cli.places import (
    DEFAULT_CONVERSATION,
    flows_folder,
    registered_actions,
    runnable_flows,
)
from fsm_engine.cli.screen import Screen, make_screen, tidy_logs
from fsm_engine.errors import NotFound, StorageError
from fsm_engine.model.delivery import Delivery
from fsm_engine.model.session import Status
from fsm_engine.model.turn import Expectation, Message, Reply, SessionView
from fsm_engine.storage.open import DEFAULT_DATABASE
from fsm_engine.understanding.text import canonical_id

if TYPE_CHECKING:
    from fsm_engine.actions import Actions
    from fsm_engine.core.flows import Flows
    from fsm_engine.engine.blocking import SyncEngine
    from fsm_engine.storage.records import StoredMessage

_MOST_SUGGESTIONS = 6
_LOOK_EVERY_S = 1.0
_AFTER_FAILURE_S = 10.0
_LAST_MOMENT_S = 2.0


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What was asked for on the command line."""

    folder: Path | None = None
    database: str = DEFAULT_DATABASE
    conversation: str = DEFAULT_CONVERSATION
    plain: bool = False
    locale: str | None = None
    actions: str | None = None

    @property
    def command(self) -> str:
        """The command that takes the conversation up again. An address with a password in it is not repeated."""
        words = ["fsm-engine", "chat"]
        if self.folder is not None:
            words.append(str(self.folder))
        for option, value, usual in (
            ("--database", self.database, DEFAULT_DATABASE),
            ("--conversation", self.conversation, DEFAULT_CONVERSATION),
            ("--locale", self.locale, None),
            ("--actions", self.actions, None),
        ):
            if value is not None and value != usual:
                words += [option, "DATABASE" if option == "--database" and "@" in value else value]
        return shlex.join([*words, "--plain"] if self.plain else words)


def chat(settings: ChatSettings, *, resume_with: str | None = None, actions: Actions | None = None) -> None:
    """Talks until the user leaves. The database is not touched when the flows have problems.

    ``resume_with`` is the command to show at the end, where it is not `chat` itself. ``actions`` are those to call,
    where the settings name none. Raises what `Engine.open` raises.
    """
    from fsm_engine.engine.engine import Engine

    canonical_id(settings.conversation, what="--conversation")
    folder = flows_folder(settings.folder)
    actions = actions or registered_actions(settings.actions, folder)
    flows = runnable_flows(folder, actions.types if actions is not None else ())
    screen = make_screen(plain=settings.plain)
    tidy_logs(screen)
    with Engine.open_sync(settings.database, flows=flows, actions=actions, serves=settings.conversation) as engine:
        if actions is None:
            _tell_missing_actions(flows, screen)
        talk = Talk(engine, settings, screen)
        talk.greet(flows)
        with talk.hearing():
            talk.run()
    screen.note(f"Your conversation is kept. To go on: {resume_with or settings.command}")


class Talk:
    """One person at one terminal. `greet`, then `run`, and around it `hearing` for what comes by itself."""

    def __init__(self, engine: SyncEngine, settings: ChatSettings, screen: Screen) -> None:
        self._engine = engine
        self._settings = settings
        self._screen = screen
        self._shown: set[tuple[str | None, int | None]] = set()  # turns that `greet` has shown

    def greet(self, flows: Flows) -> None:
        """Shows where the conversation stands, or what could be said first."""
        session = self._session()
        if session is None:
            self._screen.note(f"A new conversation. Ctrl-D leaves, and nothing is lost. {self._suggestions(flows)}")
        elif session.status is Status.ACTIVE:
            place = f" ({session.flow}, at {session.step})" if session.flow else ""
            self._screen.note(f"Going on where the conversation stood{place}. Ctrl-D leaves, and nothing is lost.")
            self._show_again()
        else:
            self._screen.note(f"The last session is {_in_words(session.status)}. Say something to begin another.")

    def run(self) -> None:
        """Turn by turn, until Ctrl-D, Ctrl-C or the end of the input."""
        while True:
            try:
                text = self._screen.ask()
                if text.strip():
                    self._show(self._turn(text))
            except EOFError:
                return
            except KeyboardInterrupt:
                print()
                return

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Meanwhile reminders and nudges that are due, and results that took long, are said as they come."""
        self._engine.deliver(self.hear)
        is_over = threading.Event()
        listener = threading.Thread(target=self._listen, args=(is_over,), name="fsm_engine chat", daemon=True)
        listener.start()
        try:
            yield
        finally:
            is_over.set()
            listener.join(_LAST_MOMENT_S)

    def _listen(self, is_over: threading.Event) -> None:
        """Looks at the clock, and where that fails for a while, again later."""
        while not is_over.is_set():
            try:
                self._engine.run_timers()
            except StorageError:
                is_over.wait(_AFTER_FAILURE_S)
            is_over.wait(_LOOK_EVERY_S)

    def hear(self, delivery: Delivery) -> None:
        """Shows what the bot says by itself, unless it was shown already when the chat was opened."""
        if (delivery.session_id, delivery.turn) in self._shown:
            return
        self._say(delivery.messages, None)

    def _turn(self, text: str) -> Reply:
        settings = self._settings
        return self._engine.turn(settings.conversation, text, request_id=str(uuid.uuid4()), locale=settings.locale)

    def _suggestions(self, flows: Flows) -> str:
        """The first phrase of each flow that can be asked for: what to type when nothing was said yet."""
        language = (self._settings.locale or flows.first_language)[:2].lower()
        phrases = []
        for flow in flows.folder.flows.values():
            groups = flow.start.phrases if flow.start is not None else {}
            group = groups.get(language) or next(iter(groups.values()), ())
            phrases += [f'"{group[0].text}"'] if group else []
        return f"Try: {', '.join(phrases[:_MOST_SUGGESTIONS])}" if phrases else ""

    def _session(self) -> SessionView | None:
        try:
            return self._engine.session(self._settings.conversation)
        except NotFound:
            return None

    def _show(self, reply: Reply) -> None:
        self._say(reply.messages, reply.expects)
        if reply.session.status is not Status.ACTIVE:
            self._screen.note(f"This session is {_in_words(reply.session.status)}. A new message begins another.")

    def _say(self, messages: Sequence[Message], expects: Expectation | None) -> None:
        with self._screen.between():
            for place, message in enumerate(messages, start=1):
                is_last = place == len(messages)
                choices = message.options or (expects.options if is_last and expects is not None else ())
                self._screen.bot(message, choices)

    def _show_again(self) -> None:
        """What the user said last and what was answered, choices included."""
        history = self._engine.history(self._settings.conversation)
        users = [place for place, message in enumerate(history) if message.role == "user"]
        tail = history[users[-1] :] if users else history
        said = [message for message in tail if message.role == "assistant"]
        self._shown = {(message.session_id, message.turn) for message in said}
        if users:
            self._screen.user(tail[0].content)
        self._say([Message(message.content) for message in said], self._expected_after(tail))

    def _expected_after(self, tail: Sequence[StoredMessage]) -> Expectation | None:
        request_id = next((message.request_id for message in reversed(tail) if message.request_id), None)
        reply = self._engine.outcome(self._settings.conversation, request_id) if request_id else None
        return reply.expects if reply else None


def _in_words(status: Status) -> str:
    return status.value.replace("_", " ")


def _tell_missing_actions(flows: Flows, screen: Screen) -> None:
    from fsm_engine.core.checks import actions_of

    names = sorted({name for flow in flows.folder.flows.values() for name, _ in actions_of(flow)})
    if names:
        screen.note(f"No actions are registered, and the flows call {', '.join(names)}: add --actions module:registry")
