"""What people type, written down: answers, corrections, anytime words, and texts that mean harm."""

from __future__ import annotations

from typing import Final

ORDINARY: Final = (
    "yes",
    "no",
    "yeah sure",
    "not really",
    "👍",
    "I want to open an account",
    "make a plan",
    "Ahmed Ali",
    "my name is Ana Lopez",
    "ahmed@example.com",
    "415 555 2671",
    "checking",
    "savings please",
    "$50",
    "twenty dollars",
    "7",
    "about four",
    "tomorrow",
    "next Friday",
    "drawing and football",
    "my aunt",
    "message",
    "I'm Ahmed Ali, ahmed@example.com",
    "¿quién puede ver esto?",
)
CORRECTIONS: Final = (
    "actually my email is ali@example.com",
    "change my name",
    "my phone is 415 555 2672",
    "I meant savings",
    "no, my name is Sam Stone",
    "change it",
)
OTHER_ANYTIME: Final = ("what did you ask?", "what have I said?", "go back", "start over", "stop", "atrás", "ayuda")
HOSTILE: Final = (
    "",
    " ",
    "\n\n",
    "\x00",
    "\ud800",
    "\u202etxet desrever\u202c",
    "y\u200be\u200bs",
    "a" + "\u0301" * 500,
    "' OR 1=1; DROP TABLE sessions; --",
    "{name} {0} {{ {session.id} {count(people)}",
    "{% for x in y %}${jndi:ldap://x}%s%n",
    "<script>alert(1)</script>",
    "\x1b[2J\x1b[31mred",
    "__class__.__mro__",
    "../../etc/passwd",
    "1e309",
    "-0",
    "٣",
    "99999999999999999999999999",
    "NaN",
    '"cancel"',
    "cancel cancel cancel",
    "x" * 1_001,
    "x " * 15_000,
)
