"""Good bot files, risk policies and transcripts give the model that their author means."""

from __future__ import annotations

from flow_file_reading import HERE, plain

from fsm_engine.flow_files.folder import read_folder
from fsm_engine.flow_files.parse_source import parse_source
from fsm_engine.model.flow import (
    ANY_LANGUAGE,
    Bot,
    HookDetector,
    Keep,
    PhraseDetector,
    RiskPolicy,
)
from fsm_engine.model.transcript import Ends, Transcript

GOOD, _ = read_folder(HERE / "good")


def test_the_bot_file_is_read_whole() -> None:
    bot = GOOD.bot

    assert (bot.name, bot.languages, bot.expires_s, bot.message_limit) == ("demo", ("en", "es"), 1800.0, 1000)
    assert bot.anytime == ("help", "repeat", "back", "skip", "cancel", "restart", "human")
    assert bot.risk is not None
    assert bot.risk.text == "wellbeing_risk"
    assert bot.keep == Keep(30.0, 90.0, drop_messages_on_completion=False)
    assert bot.coming_back is not None
    assert bot.coming_back.offer == ("continue", "restart")
    (digression,) = bot.digressions
    assert [phrase.text for phrase in digression.phrases[ANY_LANGUAGE]] == ["who can see this", "is this private"]


def test_the_risk_policy_is_read_whole() -> None:
    policy = GOOD.risks["wellbeing_risk"]

    phrases, hook = policy.detectors
    assert isinstance(phrases, PhraseDetector)
    assert isinstance(hook, HookDetector)
    assert {category: [phrase.text for phrase in added] for category, added in phrases.add.items()} == {
        "suicide": ["sewerslide"],
        "self_harm": [],
    }
    assert (phrases.lexicon, hook.hook.text, hook.time_limit_s, hook.if_unavailable) == (
        "crisis",
        "my_model",
        0.8,
        "medium",
    )
    assert [policy.levels[level].afterwards for level in ("low", "medium", "high")] == [
        "carry on",
        "ask again",
        "pause until safe",
    ]
    assert policy.levels["high"].notify == "safeguarding"
    assert policy.resources["GB"][0].contact == "Call 116 123"
    assert policy.resources["US"][0].hours == "24/7"


def test_the_transcript_is_read_whole() -> None:
    (transcript,) = GOOD.transcripts

    assert transcript.title == "a customer corrects the e-mail after a restart"
    assert transcript.actions == {"accounts.create": {"account_number": "12345"}}
    happened = [(turn.user, turn.crash, turn.later_s, turn.repeat) for turn in transcript.turns]
    assert happened == [
        ("I want to open an account", False, None, False),
        ("Ahmed Ali", False, None, False),
        (None, True, None, False),
        (None, False, 600.0, False),
        ("again, again!", False, None, False),
        (None, False, None, True),
        ("I want to hurt myself", False, None, False),
    ]
    assert transcript.turns[0].bot is not None
    assert transcript.turns[0].bot[0].text == "What is your full name?"
    assert transcript.turns[1].slots == {"name": "Ahmed Ali"}
    assert transcript.turns[4].bot is None
    assert transcript.turns[4].step == "email"
    assert transcript.turns[6].bot is not None
    assert transcript.turns[6].bot[0].contains == "988"
    assert transcript.ends == Ends(status="active", step="email")


def test_values_of_a_transcript_are_numbers_only_where_no_digit_is_lost() -> None:
    parsed, problems = parse_source(
        "transcript: t\nactions:\n  a.b: {n: 7, f: 2.5,"
        " id: 007, price: 1.10, q: '7', t: true, y: yes, z: null, l: [1]}\n"
        "turns:\n  - user: hi\n",
        "t.yaml",
    )

    assert problems == []
    assert isinstance(parsed, Transcript)
    assert parsed.actions["a.b"] == {
        "n": 7,
        "f": 2.5,
        "id": "007",
        "price": "1.10",
        "q": "7",
        "t": True,
        "y": "yes",
        "z": None,
        "l": [1],
    }


def test_an_empty_message_and_a_silent_bot_can_be_written_down() -> None:
    parsed, problems = parse_source('transcript: t\nturns:\n  - user: ""\n    bot: []\n    risk: none\n', "t.yaml")

    assert problems == []
    assert isinstance(parsed, Transcript)
    (turn,) = parsed.turns
    assert (turn.user, turn.bot, turn.is_list, turn.risk) == ("", (), True, "none")


def test_a_country_may_have_several_resources() -> None:
    parsed, problems = parse_source(
        "risk: r\ndetectors:\n  - phrases: crisis\n"
        "levels: {low: {}, medium: {}, high: {resources: true, record: false}}\n"
        "resources:\n  JO:\n    - {name: A, contact: '1'}\n    - {name: B, contact: '2'}\n",
        "r.yaml",
    )

    assert problems == []
    assert isinstance(parsed, RiskPolicy)
    assert [resource.name for resource in parsed.resources["JO"]] == ["A", "B"]
    assert (parsed.levels["low"].record, parsed.levels["high"].record) == (True, False)


def test_the_engines_own_sayings_can_be_replaced() -> None:
    parsed, problems = parse_source(
        "bot: b\nregion: GB\ntimezone: Europe/London\ntexts: {sorry: {en: Sorry!, es: Perdón}}\n", "b.yaml"
    )

    assert problems == []
    assert isinstance(parsed, Bot)
    assert plain(parsed.texts["sorry"]) == {"en": ["Sorry!"], "es": ["Perdón"]}
    assert (parsed.region, parsed.timezone) == ("GB", "Europe/London")
