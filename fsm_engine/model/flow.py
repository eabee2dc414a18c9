"""What authors write: flows and their steps, the bot file, the risk policy.

These are the files' contents, checked for shape but not yet for sense: guards and texts are still ``Written``.
``core.machine`` compiles them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fsm_engine.model.problem import Position, Written
from fsm_engine.model.slot import SlotType

ANY_LANGUAGE = ""
"""Key of a text that an author wrote without naming a language."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is said: variations by language; ``ANY_LANGUAGE`` is the key when none is named."""

    at: Position
    variations: Mapping[str, tuple[Written, ...]]


@dataclass(frozen=True, slots=True)
class Speech:
    """A text with what goes along with it: buttons and media addresses."""

    text: Text
    options: tuple[Text, ...] = ()
    media: tuple[Written, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """A risk finding that a step adds when it is reached."""

    label: str
    level: Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """What happens when a question or action fails for good."""

    kind: Literal["handoff", "skip", "cancel", "goto"] = "handoff"
    step: Written | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on an answer: a registered function (``call``) or a guard (``must``)."""

    error: Text
    call: Written | None = None
    must: Written | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What all steps share. ``at_most`` bounds how often a backwards ``goto`` is taken."""

    name: str
    at: Position
    when: Written | None = None
    goto: Written | None = None
    at_most: int | None = None
    flag: Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Step):
    speech: Speech


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Step):
    """A question; ``again`` holds the re-asks for the 1st, 2nd … answer that does not fit.

    ``called`` is what the answer is called when the bot speaks of it.
    """

    slot: str
    type: SlotType
    prompt: Speech
    help: Text | None = None
    optional: bool = False
    again: tuple[Text, ...] = ()
    checks: tuple[Check, ...] = ()
    attempts: int = 3
    give_up: GiveUp = field(default_factory=GiveUp)
    private: bool = False
    depends_on: tuple[Written, ...] = ()
    default: Written | None = None
    prefill: Written | None = None
    called: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Step):
    review: tuple[Written, ...]
    prompt: Speech
    help: Text | None = None
    again: tuple[Text, ...] = ()
    attempts: int = 3
    give_up: GiveUp = field(default_factory=GiveUp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Do(Step):
    """Run a registered action; ``retry`` counts the tries after the first.

    ``waiting_s`` None: the caller of `turn` waits as long as the engine says.
    """

    action: Written
    send: tuple[Written, ...] = ()
    save_as: str | None = None
    undo: Written | None = None
    retry: int = 0
    time_limit_s: float = 30.0
    waiting_s: float | None = None
    give_up: GiveUp = field(default_factory=GiveUp)


@dataclass(frozen=True, slots=True)
class Case:
    """One branch of ``choose``; ``when`` is None for ``otherwise``. Any of say, run, goto, in that order."""

    at: Position
    when: Written | None = None
    say: Speech | None = None
    run: Written | None = None
    goto: Written | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose(Step):
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Step):
    """Collect a list of records, one per round of the inner steps."""

    slot: str
    steps: tuple[Step, ...]
    ask_more: Speech | None = None
    at_least: int = 1
    rounds_at_most: int = 10
    called: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Step):
    flow: Written


@dataclass(frozen=True, slots=True)
class Due:
    """``shift_s`` seconds after a moment: the value of ``slot``, an ISO date with or without a time, or else now.

    ``clock`` (HH:MM, in the bot's time zone) is the time of day; None: the moment's own, or 09:00 of a day.
    """

    slot: Written | None = None
    moment: Written | None = None
    clock: str | None = None
    shift_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind(Step):
    due: Due
    speech: Speech


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff(Step):
    speech: Speech | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Step):
    speech: Speech | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """How a flow is entered: its intent and the phrases that mean it, by language."""

    intent: str
    phrases: Mapping[str, tuple[Written, ...]]


@dataclass(frozen=True, slots=True)
class Migration:
    """How a running session moves on from version ``from_version``: to the next one that the file declares, or here.

    ``places`` tells where each name stands, by ``rename_slots``, ``move_steps`` or ``ask_again``, a blank and the name:
    for the first two the old one, whose new one stands there.
    """

    at: Position
    from_version: int
    rename_slots: Mapping[str, str] = field(default_factory=dict)
    move_steps: Mapping[str, str] = field(default_factory=dict)
    ask_again: tuple[str, ...] = ()
    places: Mapping[str, Position] = field(default_factory=dict)

    def place(self, key: str, name: str) -> Position:
        return self.places.get(f"{key} {name}", self.at)


@dataclass(frozen=True, slots=True)
class Nudge:
    """What is said when a question has stood open for ``after_s``, at most so often (0: never) until it is answered.

    Not in ``quiet`` hours, from one time of day to another in the bot's time zone.
    """

    after_s: float
    say: Text
    at_most: int = 1
    quiet: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """One conversation plan. ``source_hash`` names the exact text of the file."""

    name: str
    at: Position
    version: int
    steps: tuple[Step, ...]
    title: Text | None = None
    start: Start | None = None
    migrate: tuple[Migration, ...] = ()
    expires_s: float | None = None
    nudge: Nudge | None = None
    source_hash: str = ""


@dataclass(frozen=True, slots=True)
class Digression:
    """Something users may ask at any time: answered with a text, or by running a flow."""

    at: Position
    phrases: Mapping[str, tuple[Written, ...]]
    say: Speech | None = None
    run: Written | None = None


@dataclass(frozen=True, slots=True)
class ComingBack:
    say: Text
    offer: tuple[Literal["continue", "restart"], ...] = ("continue", "restart")


@dataclass(frozen=True, slots=True)
class Keep:
    """How long things are kept, in days. ``unreviewed_days``: so long a risk that nobody reviewed keeps its session."""

    sessions_days: float = 30.0
    messages_days: float = 90.0
    unreviewed_days: float = 90.0
    drop_messages_on_completion: bool = False


@dataclass(frozen=True, slots=True)
class IntentSettings:
    """How intents are told, and from which confidence on a guess is followed.

    ``sure``: in the middle of a question; ``maybe``: where nothing else is open. Of guesses nearer to each other than
    ``margin`` the user is asked which.
    """

    method: Literal["rule_based", "ml", "hybrid"] = "rule_based"
    sure: float = 0.85
    maybe: float = 0.5
    margin: float = 0.1
    at: Position | None = None


ANYTIME_WORDS = ("help", "repeat", "back", "skip", "cancel", "restart", "human")


@dataclass(frozen=True, slots=True)
class Bot:
    """What all flows of a folder share. ``texts`` overrides the engine's own sayings by name."""

    name: str = "bot"
    at: Position | None = None
    languages: tuple[str, ...] = ("en",)
    timezone: str = "UTC"
    region: str | None = None
    opening: Text | None = None
    fallback: Text | None = None
    expires_s: float = 1800.0
    coming_back: ComingBack | None = None
    nudge: Nudge | None = None
    message_limit: int = 1000
    anytime: tuple[str, ...] = ANYTIME_WORDS
    digressions: tuple[Digression, ...] = ()
    risk: Written | None = None
    keep: Keep = field(default_factory=Keep)
    texts: Mapping[str, Text] = field(default_factory=dict)
    apology: Text | None = None
    intents: IntentSettings = field(default_factory=IntentSettings)


Level = Literal["low", "medium", "high"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high")
HELP_AGAIN_AFTER = 3


@dataclass(frozen=True, slots=True)
class PhraseDetector:
    """The shipped lexicon named ``lexicon``, extended by phrases per category."""

    lexicon: str
    add: Mapping[str, tuple[Written, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HookDetector:
    """A registered Python risk hook; late or failing counts as ``if_unavailable``."""

    hook: Written
    time_limit_s: float = 0.8
    if_unavailable: Level = "medium"


@dataclass(frozen=True, slots=True)
class LevelPolicy:
    record: bool = True
    say: Text | None = None
    resources: bool = False
    notify: str | None = None
    afterwards: Literal["carry on", "ask again", "pause until safe", "handoff"] = "carry on"


@dataclass(frozen=True, slots=True)
class Resource:
    """Somebody to turn to, with the number in the text."""

    name: str
    contact: str
    hours: str | None = None


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """Resources are by ISO country; the first one is shown where the user's country is unknown.

    ``help_again_after``: turns in which resources that were shown are not shown again for a risk that is no graver.
    """

    name: str
    at: Position
    version: int = 1
    detectors: tuple[PhraseDetector | HookDetector, ...] = ()
    levels: Mapping[str, LevelPolicy] = field(default_factory=dict)
    resources: Mapping[str, tuple[Resource, ...]] = field(default_factory=dict)
    help_again_after: int = HELP_AGAIN_AFTER
