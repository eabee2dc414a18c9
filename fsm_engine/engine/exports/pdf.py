"""An export as PDF, in every script that the fonts have.

Needs the extra ``export``: fpdf2 lays text out, HarfBuzz shapes it (joined letters, right to left), and DejaVu Sans,
which comes with Matplotlib, has the letters. A character that no font has is written as its name in brackets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsm_engine.engine.exports.collect import Exported
from fsm_engine.engine.exports.markdown import VOICES, heading, shown
from fsm_engine.errors import InvalidArgument, UsageError

if TYPE_CHECKING:
    from fpdf import FPDF

MARGIN_MM = 18.0
_FLAG_A, _FLAG_Z = "\N{REGIONAL INDICATOR SYMBOL LETTER A}", "\N{REGIONAL INDICATOR SYMBOL LETTER Z}"
_GREY, _BLACK, _BLUE = (110, 110, 110), (0, 0, 0), (20, 70, 130)
_UNSEEN = ("Cf", "Mn", "Me", "Sk")
"""Joiners, variation selectors and skin tones: nothing is lost to a reader where a font lacks them."""


class ExtraMissing(UsageError):
    """A library of an extra is not installed."""

    code = "extra-missing"


def as_pdf(exported: Exported, *, fonts: Sequence[Path] = ()) -> bytes:
    """The document. ``fonts``: further TrueType or OpenType files, for characters that the one before lacks.

    Raises:
        ExtraMissing: the extra ``export`` is not installed.
        InvalidArgument: a font file cannot be read.
    """
    with closing(_Page()) as page:
        page.use(fonts)
        if exported.user_id is not None:
            page.write(f"Conversations of user {exported.user_id}", size=18, colour=_BLUE)
        for conversation in exported.conversations:
            _write_conversation(page, conversation)
        page.write(f"Exported {exported.exported_at}.", size=8, colour=_GREY)
        return page.finish()


def readable(text: str, known: Collection[int]) -> str:
    r"""The text in characters whose code points are ``known``; others as their names in brackets.

    >>> readable("ok \N{PARTY POPPER}", {ord("o"), ord("k"), ord(" ")})
    'ok [party popper]'
    >>> readable("\N{REGIONAL INDICATOR SYMBOL LETTER D}\N{REGIONAL INDICATOR SYMBOL LETTER E}", {})
    'DE'
    >>> readable("\N{CJK UNIFIED IDEOGRAPH-65E5}", {})
    '[U+65E5]'
    """
    return "".join(_readable(character, known) for character in text)


def _readable(character: str, known: Collection[int]) -> str:
    if character == "\n" or ord(character) in known:
        return character
    if character == "\t":
        return "    "
    if _FLAG_A <= character <= _FLAG_Z:  # two of them are a flag
        return chr(ord("A") + ord(character) - ord(_FLAG_A))
    if unicodedata.category(character) in _UNSEEN:
        return ""
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, code).lower()
    return f"[{code if f'{ord(character):x}' in name else name}]"


def _write_conversation(page: _Page, conversation: Mapping[str, Any]) -> None:
    page.write(heading(conversation), size=14, colour=_BLUE)
    end = conversation["last_message_at"] or conversation["updated_at"]
    page.write(f"{conversation['id']}, {conversation['created_at'][:19]} to {end[:19]}", size=8, colour=_GREY)
    for message in conversation["messages"]:
        page.write(f"{VOICES[message['role']]}, {message['created_at'][:19].replace('T', ' ')}", size=8, colour=_GREY)
        page.write(message["content"], space_after=2.5)
    for line in _answers(conversation["sessions"]):
        page.write(line)


def _answers(sessions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for session in sessions:
        if session["answers"]:
            yield f"Answers, {session['created_at'][:10]} ({session['status']})"
        for answer in session["answers"]:
            yield f"{answer['flow']}, {answer['step']}: {shown(answer['response'])}"


class _Page:
    """Paragraphs, one under the other."""

    def __init__(self) -> None:
        self._pdf = _document()
        self._known: set[int] = set()

    def use(self, fonts: Sequence[Path]) -> None:
        """Begins the document with these fonts behind the one that it has of its own."""
        for number, path in enumerate((_dejavu(), *fonts)):
            self._add_font(f"font{number}", path)
        self._pdf.set_fallback_fonts([f"font{number + 1}" for number in range(len(fonts))], exact_match=False)
        self._pdf.set_font("font0", size=10.5)
        self._pdf.set_text_shaping(True)
        self._pdf.add_page()

    def write(
        self, text: str, *, size: float = 10.5, colour: tuple[int, int, int] = _BLACK, space_after: float = 1.0
    ) -> None:
        """One text, its lines broken at the margin; each of its own lines runs in the direction of its first letter."""
        self._pdf.set_font("font0", size=size)
        self._pdf.set_text_color(*colour)
        for line in text.splitlines() or [""]:
            is_rtl = _runs_right_to_left(line)
            self._pdf.set_text_shaping(True, direction="rtl" if is_rtl else "ltr")
            self._pdf.multi_cell(
                0, size * 0.5, readable(line, self._known), align="R" if is_rtl else "L", new_x="LMARGIN", new_y="NEXT"
            )
        self._pdf.ln(space_after)

    def finish(self) -> bytes:
        return bytes(self._pdf.output())

    def close(self) -> None:
        """Lets go of the font files, which the library keeps open."""
        for font in self._pdf.fonts.values():
            if hasattr(font, "ttfont"):
                font.ttfont.close()

    def _add_font(self, name: str, path: Path) -> None:
        from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

        try:
            with path.open("rb") as file, TTFont(file, lazy=True, fontNumber=0) as font:
                self._known |= font.getBestCmap().keys()
            self._pdf.add_font(name, fname=path)
        except (OSError, TTLibError, ValueError) as error:
            raise InvalidArgument(f"font {path}: cannot be used ({error}). Name a .ttf or .otf file.") from error


def _runs_right_to_left(line: str) -> bool:
    """By the first letter that has a direction, as the Unicode rules say."""
    directions = (unicodedata.bidirectional(character) for character in line)
    return next((one in ("R", "AL") for one in directions if one in ("L", "R", "AL")), False)


def _document() -> FPDF:
    if find_spec("uharfbuzz") is None or find_spec("fpdf") is None:
        raise ExtraMissing("PDF: fpdf2 and uharfbuzz are not installed. Run: pip install 'fsm_engine[export]'")
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(True, margin=MARGIN_MM)
    return pdf


def _dejavu() -> Path:
    """Found beside Matplotlib without importing it."""
    package = find_spec("matplotlib")
    if package is None or package.origin is None:
        raise ExtraMissing("PDF: its font comes with Matplotlib. Run: pip install 'fsm_engine[export]'")
    return Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
