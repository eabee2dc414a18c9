"""The name of a person, in any script, alone or after "my name is"."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from fsm_engine.model.slot import DoesNotFit, Fits, Reading, ReadingContext, SlotType
from fsm_engine.understanding.readers import bounds, doubt, reasons
from fsm_engine.understanding.readers.name_words import NOT_NAMES, NOT_NAMES_AFTER_I_AM, PARTICLES, QUESTION_STARTS
from fsm_engine.understanding.readers.wording import plain_spelling

_MOST_WORDS = 6
_MOST_CHARACTERS = 80
_GREETING = re.compile(
    r"(?i)^(?:(?:sure thing|of course|right|alright|all right|fine|great|no problem|no worries|why not|good question"
    r"|(?:nice|pleased|glad|happy) to meet you|encantad[oa]|mucho gusto|por supuesto|desde luego|claro que s[ií]"
    r"|c[oó]mo no|sin problema|por qu[eé] no|buena pregunta)\s*[,.!:]+\s*"
    r"|(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|sure|ok|okay|yes|yeah|well|so|um+|uh+|oh|hola|buenas"
    r"|buenos d[ií]as|buenas tardes|s[ií]|claro|vale|pues|bueno|eh)(?: there)?[\s,.!:]+)+"
)
_TELLS = (
    r"(?:(?:my|the) (?:full |first |last |legal |real )?name(?:'s| is| would be|:)|name(?:'s| is| ?:)"
    r"|(?:you can |please |just )*call me|"
    r"(?:people|they|friends|everyone|everybody) calls? me|i(?:'m| am) called|i go by|they call me|"
    r"mi nombre(?: completo)? es|mi nombre:|nombre ?:|me llamo|me llaman|ll[aá]mame|ll[aá]meme|puedes llamarme"
    r"|me dicen|me puedes llamar)"
)
_TELLING = re.compile(rf"(?i)^{_TELLS}\s*")
_TELLING_LATER = re.compile(rf"(?i)[,.;:!]\s*(?:(?:well|so|and|anyway|oh|pues|bueno|y)[\s,]+)*(?={_TELLS}\s)")
"""What leads up to "my name is" in a later clause; what stands before it is no name."""
_HINTING = re.compile(
    r"(?i)^(?:i(?:'| a)?m|it(?:'| i)?s|this is|that(?:'s| is| would be)|it would be|yo soy|soy|es|ser[ií]a|habla)\s+"
)
_ENDS = re.compile(
    r"(?i)[,;:!()\[\]\n\"]|\.(?=\s|$)(?<!\b\w\.)(?<!\b(?:dr|jr|sr|mr|st)\.)(?<!\bmrs\.)|\s[-–—]\s"
    r"|\s(?:and (?:i|my|the|you)|but|not|thanks|thank you|please|y (?:mi|me|tengo|soy|mis|quiero|necesito|vivo)"
    r"|speaking|here|al habla|pero|gracias|por favor)\b"
)
_HONORIFIC = re.compile(
    r"(?i)^(?:mr|mrs|ms|miss|mx|dr|prof|sir|madam|sr|sra|srta|don|do[nñ]a|se[nñ]or|se[nñ]ora)\.?\s+(?=\S)"
)
_HAS_ADDRESS = re.compile(r"^\S+@\S+$|://|\bwww\.")
_NOT_NAMES_OF_ONESELF = NOT_NAMES | NOT_NAMES_AFTER_I_AM
_JOINTS = "'-.·"


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The name as the user writes it; a name all in lower case gets its capitals.

    One letter is a name ("O" is a family name in Korea), in Latin script only where it is a capital. Certain only
    after a lead-in such as "my name is": a bare word could be anything.
    """
    folded = plain_spelling(text)
    if doubt.is_unsure(folded):
        return DoesNotFit(reasons.UNSURE)
    straight = text if text.isascii() else text.replace("’", "'").replace("‘", "'").replace("ʼ", "'")
    told, is_told, is_hinted = _after_lead_in(straight)
    if (
        text.endswith("?")
        or _HAS_ADDRESS.search(text)
        or (not is_told and _is_question(plain_spelling(told)) and not text.istitle())
    ):
        return DoesNotFit(reasons.NOT_A_NAME)
    if doubt.is_turned_down(plain_spelling(straight[: len(straight) - len(told)])) or _says_not(plain_spelling(told)):
        return DoesNotFit(reasons.REFUSED)
    name = _HONORIFIC.sub("", _first_part(told))
    if not _is_name(name, after_i_am=is_hinted):
        return DoesNotFit(reasons.NOT_A_NAME)
    value = _with_capitals(name)
    problem = bounds.length_problem(len(value), slot_type)
    if problem is not None:
        return DoesNotFit(problem)
    return Fits(value, certain=is_told or (is_hinted and _shows_as_name(name)))


def _shows_as_name(name: str) -> bool:
    """True for capitals after "I'm", unless the word could be where somebody comes from ("I'm Brazilian")."""
    words = name.split()
    if not all(word[0].isupper() or word in PARTICLES for word in words):
        return False
    return len(words) > 1 or not plain_spelling(name).endswith(("ish", "ese", "ian", "ean", "ano", "ana", "ense"))


def _after_lead_in(text: str) -> tuple[str, bool, bool]:
    """The text behind its lead-in, whether it says that a name follows, and whether it only hints at one."""
    text = _GREETING.sub("", text)
    later = _TELLING_LATER.search(text)
    if later is not None:
        text = text[later.end() :]
    told = _TELLING.sub("", text)
    if told != text:
        return _HINTING.sub("", told), True, False
    hinted = _HINTING.sub("", text)
    if hinted == text:
        return text, False, False
    told = _TELLING.sub("", hinted)
    return told, told != hinted, told == hinted


def _is_question(folded: str) -> bool:
    words = folded.split()
    return len(words) > 1 and words[0].strip("¿¡.,!") in QUESTION_STARTS


def _says_not(folded: str) -> bool:
    """ "not Ahmed", "no soy Ahmed"; the name "No" does not stand first before others."""
    first, _, rest = folded.partition(" ")
    return bool(rest) and first in {"not", "no", "never", "nunca"}


def _first_part(told: str) -> str:
    """The words up to the end of the first clause; "Ali, Ahmed" stays whole as family name and given name."""
    parts = [part.strip() for part in _ENDS.split(told.strip())]
    said = [part for part in parts if part]
    if len(said) > 1 and said[1] != said[0] and said[1].endswith(" " + said[0]):  # "Bond, James Bond"
        return said[1]
    return (said[0] if said else "").strip(" .'-*_")


def _is_name(name: str, *, after_i_am: bool) -> bool:
    words = name.split()
    if not 1 <= len(words) <= _MOST_WORDS or len(name) > _MOST_CHARACTERS:
        return False
    if not all(_is_name_word(word) for word in words):
        return False
    plain = [plain_spelling(word).strip("'.-") for word in words]
    refused = _NOT_NAMES_OF_ONESELF if after_i_am else NOT_NAMES
    if len(words) == 1:
        return plain[0] not in refused and (not name.isascii() or len(name) > 1 or name.isupper())
    is_written_as_name = all(word[0].isupper() or word.lower() in PARTICLES for word in words)
    strangers = [word for place, word in enumerate(plain) if word in refused and len(word) + place == 1]
    has_strangers = bool(strangers) if is_written_as_name else any(word in refused for word in plain)
    return not has_strangers and not (plain[0] in NOT_NAMES and not is_written_as_name)


def _is_name_word(word: str) -> bool:
    """Letters and marks, joined by apostrophes, hyphens and dots; no digit, sign or three joints in a row."""
    if not word[0].isalpha():
        return False
    if word.isalpha():
        return True
    has_bad_joint = any(a in _JOINTS and b in _JOINTS for a, b in pairwise(word))
    return not has_bad_joint and all(c.isalpha() or c in _JOINTS or _is_mark(c) for c in word)


def _is_mark(character: str) -> bool:
    return not character.isascii() and not character.isalnum() and character.isprintable() and _combines(character)


def _combines(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Mc"} or character in "ʻʼ\u200d"


def _with_capitals(name: str) -> str:
    """Capitals for a name without any; particles such as "van der" stay small inside it."""
    if name != name.lower() or name == name.upper():
        return name
    words = name.split()
    return " ".join(word if index and word in PARTICLES else _capitalised(word) for index, word in enumerate(words))


def _capitalised(word: str) -> str:
    """ "o'brien" gives "O'Brien", "maría-josé" gives "María-José"."""
    result, at_start = [], True
    for index, character in enumerate(word):
        result.append(character.upper() if at_start else character)
        at_start = character == "-" or character == "." or (character == "'" and index <= 2)
    return "".join(result)
