"""Static checks of languages: everything that a bot says or listens for, held against the languages that it speaks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from fsm_engine.core.checks import texts_of
from fsm_engine.core.compile import walk_steps
from fsm_engine.model.flow import ANY_LANGUAGE, Ask, Bot, Flow, Repeat, RiskPolicy, Text
from fsm_engine.model.folder import FlowFolder
from fsm_engine.model.problem import Position, Problem, Written
from fsm_engine.understanding.sayings import LANGUAGES, SAYINGS
from fsm_engine.understanding.slot_names import usual_name


def check_languages(folder: FlowFolder) -> Iterator[Problem]:
    """What lacks a language; for a bot of one language only the engine's own texts can."""
    bot = folder.bot
    yield from _own_sayings(bot)
    if len(bot.languages) < 2:
        return
    for flow in folder.flows.values():
        yield from _flow(flow, bot)
    for what, text in _texts_of_bot(bot):
        yield from _text(text, what, bot)
    for number, digression in enumerate(bot.digressions, start=1):
        yield from _phrases(digression.phrases, f"digression {number}", digression.at, bot)
    for policy in folder.risks.values():
        yield from _policy(policy, bot)


def _flow(flow: Flow, bot: Bot) -> Iterator[Problem]:
    if flow.title is not None:
        yield from _text(flow.title, f"the title of flow '{flow.name}'", bot)
    if flow.nudge is not None:
        yield from _text(flow.nudge.say, f"the nudge of flow '{flow.name}'", bot)
    if flow.start is not None:
        yield from _phrases(flow.start.phrases, f"flow '{flow.name}'", flow.at, bot)
    for step in walk_steps(flow.steps):
        for text in texts_of(step):
            yield from _text(text, f"this text of step '{step.name}'", bot)
        if isinstance(step, (Ask, Repeat)) and step.called is None:
            yield from _name(step, bot)
        if isinstance(step, Ask):
            yield from _options(step, bot)


def _name(step: Ask | Repeat, bot: Bot) -> Iterator[Problem]:
    """What the bot calls an answer where the author does not say: a usual word, or else the slot's own name."""
    missing = [language for language in bot.languages[1:] if usual_name(step.slot, language) is None]
    if missing:
        own = step.slot.replace("_", " ")
        message = (
            f"the answer to '{step.name}' has no name in: {', '.join(missing)}. The bot would speak of '{own}'. "
            f"Write called: {{{_as_map(bot, ', ')}}}."
        )
        yield Problem(step.at, "missing-language", message, "warning")


def _options(step: Ask, bot: Bot) -> Iterator[Problem]:
    """Options are shown as they are stored where nothing else is said; figures mean the same everywhere."""
    holder = step.type.item or step.type
    lacking: dict[str, list[str]] = {}
    for option in holder.options:
        shown = option.shown_as or ({ANY_LANGUAGE: option.value} if any(map(str.isalpha, option.value)) else None)
        for language in _missing(shown, bot) if shown is not None else ():
            lacking.setdefault(language, []).append(option.value)
    for language, values in lacking.items():
        named = ", ".join(f"'{value}'" for value in values[:5]) + (" …" if len(values) > 5 else "")
        message = (
            f"options of step '{step.name}' have no name in {language}: {named}. "
            f"Write shown_as: {{{values[0]}: {{{_as_map(bot, ', ')}}}}}."
        )
        yield Problem(step.at, "missing-language", message, "warning")


def _texts_of_bot(bot: Bot) -> Iterator[tuple[str, Text]]:
    named = {"opening": bot.opening, "fallback": bot.fallback, "apology": bot.apology}
    if bot.coming_back is not None:
        named["coming_back"] = bot.coming_back.say
    if bot.nudge is not None:
        named["nudge"] = bot.nudge.say
    for name, text in {**named, **bot.texts}.items():
        if text is not None:
            yield f"'{name}'", text
    for number, digression in enumerate(bot.digressions, start=1):
        if digression.say is not None:
            for text in (digression.say.text, *digression.say.options):
                yield f"the answer of digression {number}", text


def _policy(policy: RiskPolicy, bot: Bot) -> Iterator[Problem]:
    for level, entry in policy.levels.items():
        if entry.say is not None:
            yield from _text(entry.say, f"what is said at level {level} of '{policy.name}'", bot)


def _text(text: Text, what: str, bot: Bot) -> Iterator[Problem]:
    missing = _missing(text.variations.keys(), bot)
    if missing:
        message = f"{what} is not there in: {', '.join(missing)}. Write it as a map, {_as_map(bot)}."
        yield Problem(text.at, "missing-language", message, "warning")


def _phrases(phrases: Mapping[str, tuple[Written, ...]], what: str, at: Position, bot: Bot) -> Iterator[Problem]:
    """Phrases without a language may be of any: only those that are sorted by language can lack one."""
    missing = [] if ANY_LANGUAGE in phrases else _missing(phrases.keys(), bot)
    if missing:
        first = next((group[0].at for group in phrases.values() if group), at)
        message = f"{what} has no phrases in: {', '.join(missing)}. Users of that language cannot ask for it."
        yield Problem(first, "missing-language", message, "warning")


def _missing(given: Collection[str], bot: Bot) -> list[str]:
    if set(given) == {ANY_LANGUAGE}:
        return list(bot.languages[1:])
    return [one for one in bot.languages if one not in given and one.partition("-")[0] not in given]


def _as_map(bot: Bot, joint: str = " and ") -> str:
    return joint.join(f"{language}: …" for language in bot.languages)


def _own_sayings(bot: Bot) -> Iterator[Problem]:
    """What the engine says by itself is there in English and Spanish; other languages are the bot file's to add."""
    if bot.at is None:
        return
    for language in bot.languages:
        if language.partition("-")[0] in LANGUAGES:
            continue
        missing = sorted(name for name in SAYINGS if not _is_said(name, language, bot))
        if missing:
            shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            message = (
                f"{len(missing)} of the engine's own texts are not there in {language} ({shown}). "
                f"Write them under texts:, for example {missing[0]}: {{{language}: …}}."
            )
            yield Problem(bot.at, "missing-language", message, "warning")


def _is_said(name: str, language: str, bot: Bot) -> bool:
    written = {"opening": bot.opening, "fallback": bot.fallback, "apology": bot.apology, **bot.texts}.get(name)
    if written is None and name == "welcome_back" and bot.coming_back is not None:
        written = bot.coming_back.say
    if written is None:
        return False
    return language in written.variations or (ANY_LANGUAGE in written.variations and language == bot.languages[0])
