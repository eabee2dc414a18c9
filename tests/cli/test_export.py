"""`fsm-engine export`: what it writes reads back. proves: M10, M7"""

import io
import json
import stat
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from fsm_engine.engine.engine import Engine
from fsm_engine.engine.exports import as_markdown, export_conversation
from fsm_engine.engine.exports.markdown import shown
from fsm_engine.engine.exports.pdf import as_pdf, readable
from fsm_engine.errors import InvalidArgument, NotFound
from fsm_engine.storage import open_store
from fsm_engine.testing.clock import VirtualClock
from tests.cli.conftest import Run

NOW = "2026-02-01T00:00:00.000000Z"
SAID = (
    "begin",
    "Ana Lopez",
    "*tea* | <b>now</b> & _here_ `x`\n# not a title\n1. no list",
    "مرحبا بالعالم",
    "שלום עולם",
    "Привет, мир €",
    "fine 😀 and 🎉",
)


@pytest.fixture(autouse=True)
async def stored(place: Path) -> None:
    url = f"sqlite:///{place / 'fsm_engine.db'}"
    async with Engine.open(url, flows=place / "flows", clock=VirtualClock()) as engine:
        for text in SAID:
            await engine.turn("ana", text, user_id="7")
        await engine.turn("ana, second", "begin", user_id="7")
        await engine.store.conversations.delete("ana, second", now=NOW)
        await engine.turn("ben", "begin", user_id="8")


def test_a_conversation_is_printed_as_json(run_here: Run) -> None:
    exported = json.loads(run_here("export", "--conversation", "ana").out)

    (conversation,) = exported["conversations"]
    session = conversation["sessions"][0]
    assert exported["user_id"] is None
    assert [one["content"] for one in conversation["messages"] if one["role"] == "user"] == list(SAID)
    assert {one["step"]: one["response"] for one in session["answers"]}["name"] == "Ana Lopez"
    assert "state" not in session
    assert conversation["messages"][0]["metadata"] == {}


def test_all_conversations_of_a_user_are_exported_and_nobody_elses(run_here: Run) -> None:
    exported = json.loads(run_here("export", "--user", "7").out)

    assert [(one["id"], one["status"]) for one in exported["conversations"]] == [
        ("ana", "active"),
        ("ana, second", "deleted"),
    ]
    assert {one["user_id"] for one in exported["conversations"]} == {"7"}


async def test_archived_messages_are_exported_in_their_place(place: Path) -> None:
    store = await open_store(f"sqlite:///{place / 'fsm_engine.db'}")
    try:
        before = await export_conversation(store, "ana", now=NOW)
        late = "2999-01-01T00:00:00.000000Z"
        await store.retention.archive(now=late, idle_before="2998", move_before="2998")
        await store.messages.save_user("ana", "later", now=NOW)
        after = await export_conversation(store, "ana", now=NOW, user_id="7")

        assert after.conversations[0]["messages"][:-1] == before.conversations[0]["messages"]
        with pytest.raises(NotFound):
            await export_conversation(store, "ana", now=NOW, user_id="8")
    finally:
        await store.close()


def test_markdown_shows_texts_as_they_were_typed(run_here: Run) -> None:
    out = run_here("export", "--conversation", "ana", "--format", "md").out

    assert r"> \*tea\* \| \<b\>now\</b\> \& \_here\_ \`x\`" in out
    assert r"> \# not a title" in out
    assert r"> 1\. no list" in out
    assert "| hello | name | Ana Lopez |" in out
    assert "مرحبا بالعالم" in out


def test_values_are_shown_for_people() -> None:
    assert shown({"amount": "5.00", "items": ["a", False, None]}) == "amount: 5.00, items: a, no, -"


def pdf_text(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def test_the_pdf_holds_every_script_and_names_what_its_font_lacks(run_here: Run, place: Path) -> None:
    done = run_here("export", "--user", "7", "--format", "pdf", "--out", "ana.pdf")

    text = pdf_text((place / "ana.pdf").read_bytes())
    assert done.code == 0
    assert "Conversations of user 7" in text
    for word in ("Ana Lopez", "مرحبا", "بالعالم", "שלום", "עולם", "Привет, мир €", "<b>now</b>", "# not a title"):
        assert word in text
    assert "fine 😀 and [party popper]" in text


def test_letters_of_the_pdf_have_glyphs(run_here: Run, place: Path) -> None:
    run_here("export", "--conversation", "ana", "--format", "pdf", "--out", "ana.pdf")

    fonts = list(embedded_fonts((place / "ana.pdf").read_bytes()))
    assert fonts
    for font in fonts:
        glyphs = font["glyf"]
        drawn = [name for name in font.getGlyphOrder()[1:] if glyphs[name].numberOfContours != 0]
        assert len(drawn) > 60


def embedded_fonts(data: bytes) -> list[TTFont]:
    fonts = []
    for page in PdfReader(io.BytesIO(data)).pages[:1]:
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            fonts.append(TTFont(io.BytesIO(descriptor["/FontFile2"].get_data())))
    return fonts


async def test_a_line_runs_in_the_direction_of_its_first_letter(place: Path) -> None:
    store = await open_store(f"sqlite:///{place / 'fsm_engine.db'}")
    try:
        for text in ("שלום one", "two עולם"):
            await store.messages.save_user("ben", text, now=NOW)
        text = pdf_text(as_pdf(await export_conversation(store, "ben", now=NOW)))
    finally:
        await store.close()

    assert text.index("one") < text.index("שלום")  # extracted as it stands, from left to right
    assert text.index("two") < text.index("עולם")


async def test_right_to_left_lines_break_in_reading_order(place: Path) -> None:
    words = [f"كلمة{letter}" for letter in "ابتثجحخدذرزسشصضطظعغفقكلمنهوي" * 3]
    store = await open_store(f"sqlite:///{place / 'fsm_engine.db'}")
    try:
        await store.messages.save_user("ben", " ".join(words), now=NOW)
        data = as_pdf(await export_conversation(store, "ben", now=NOW))
    finally:
        await store.close()

    lines = [line for line in pdf_text(data).splitlines() if "كلمة" in line]
    assert len(lines) > 2
    assert words[0] in lines[0]
    assert words[-1] in lines[-1]
    assert sum(line.count("كلمة") for line in lines) == len(words)


def test_a_further_font_is_used_for_what_the_first_lacks(place: Path) -> None:
    assert readable("a🎉b", {ord("a"), ord("b")}) == "a[party popper]b"
    assert readable("a🎉b", {ord("a"), ord("b"), 0x1F389}) == "a🎉b"
    assert readable("e\ufe0f\u200d\t|\n", {ord("e"), ord(" "), ord("|")}) == "e    |\n"


def test_a_file_that_is_no_font_is_refused(run_here: Run, place: Path) -> None:
    words = ("export", "--user", "7", "--format", "pdf", "--out", "a.pdf", "--font")
    broken = run_here(*words, "flows/bot.yaml")
    missing = run_here(*words, "none.ttf")

    assert (broken.code, missing.code) == (2, 2)
    assert "font flows/bot.yaml: cannot be used" in broken.err
    assert not (place / "a.pdf").exists()


def test_the_file_is_new_and_nobody_elses_to_read(run_here: Run, place: Path) -> None:
    words = ("export", "--user", "7", "--out", "ana.json")
    first, second = run_here(*words), run_here(*words)

    mode = stat.S_IMODE((place / "ana.json").stat().st_mode)
    assert (first.code, second.code, mode) == (0, 2, 0o600)
    assert "--out ana.json: is there already. Name a new file." in second.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Pass either --conversation ID or --user ID"),
        (("--user", "7", "--conversation", "ana"), "Pass either --conversation ID or --user ID"),
        (("--user", "9"), "there is no conversation of user '9'"),
        (("--conversation", "none"), "there is no conversation 'none'"),
        (("--user", "7", "--format", "doc"), "--format doc: is not known"),
        (("--user", "7", "--format", "pdf"), "Name a file with --out FILE"),
        (("sqlite:///none.db", "--user", "7"), "none.db: there is no such database"),
        (("--user", "7", "--out", "no/such/folder"), "no/such/folder"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_line(run_here: Run, words: tuple[str, ...], said: str) -> None:
    done = run_here("export", *words)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_an_empty_text_and_a_long_one_fit_on_pages() -> None:
    from fsm_engine.engine.exports import Exported

    message = {"role": "user", "created_at": NOW}
    conversation = {
        "id": "x",
        "title": None,
        "created_at": NOW,
        "updated_at": NOW,
        "last_message_at": None,
        "sessions": [],
        "status": "active",
        "messages": [{**message, "content": ""}, {**message, "content": "word " * 1000 + "a" * 2000}],
    }
    exported = Exported(NOW, None, [conversation])

    assert pdf_text(as_pdf(exported)).count("word") == 1000
    assert "## Conversation x" in as_markdown(exported)
    with pytest.raises(InvalidArgument):
        as_pdf(exported, fonts=[Path("none.ttf")])
