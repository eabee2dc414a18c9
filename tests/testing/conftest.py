"""A small bot whose texts have variations."""

from pathlib import Path

import pytest

from fsm_engine.core.flows import Flows
from fsm_engine.flow_files.load import load_flows

BOT = """\
bot: little
languages: [en, es]
"""
FLOW = """\
flow: hello
version: 1
start:
  intent: hello
  phrases: [begin]
steps:
  - ask: name
    type: person name
    prompt:
      en: [What is your name?, Who are you?, "Your name, please?"]
      es: ["¿Cómo te llamas?", "¿Quién eres?"]
    checks:
      - call: people.is_known
        error: I do not know you.
  - ask: age
    type: whole number 0..120
    prompt: ["How old are you, {name}?", "{name}, what is your age?"]
  - do: people.store
    save_as: number
  - end: ["Bye {name}.", "See you, {name}. Your number is {number}."]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The bot's files; transcripts may be added."""
    place = tmp_path / "flows"
    place.mkdir()
    (place / "bot.yaml").write_text(BOT)
    (place / "hello.yaml").write_text(FLOW)
    return place


@pytest.fixture
def flows(folder: Path) -> Flows:
    return load_flows(folder)
