"""Full-text search over messages, on SQLite.

Turns do not write the index: a search first indexes what was said since the last one, in small batches, and then looks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

import orjson

from fsm_engine.errors import OperationFailed, SessionCorrupted
from fsm_engine.storage import sql_search
from fsm_engine.storage.database import Database, Row
from fsm_engine.storage.intake import storable
from fsm_engine.storage.records import FoundMessage
from fsm_engine.storage.row_seals import sound_message
from fsm_engine.storage.seal import Seal
from fsm_engine.storage.search_index import SearchIndex

LONGEST_QUERY = 1000
"""Characters of a query that are read."""
MOST_WORDS = 32
PARTS_AT_ONCE = 40
"""Parts of the index in one statement: so many tables SQLite joins readily, and most searches need no second one."""
LOOKS = 5

_PIECES = re.compile(r'"([^"]*)"|([^\s"]+)')


class Search:
    """Finds messages by their words, and keeps the index that this takes."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self.index = SearchIndex(database)

    async def find(
        self, query: str, *, user_id: str | None, conversation_id: str | None, limit: int, marks: tuple[str, str]
    ) -> list[FoundMessage]:
        """Messages that hold all words of the query, the best first, newer ones first among equals.

        Case and accents do not count. Words in double quotes must stand together; the last word may be the beginning
        of one, unless it is quoted. Nothing else in a query has a meaning, and no query is an error. Of more than 500
        matches, the newest are ranked.
        """
        words = matching(query)
        scopes = []
        if conversation_id is not None:
            rows = await self._database.rows(
                sql_search.KEY_OF_CONVERSATION, storable(conversation_id), storable(user_id) if user_id else user_id
            )
            if not rows:
                return []
            scopes.append(f'thread : "c{rows[0][0]}"')
        if user_id is not None:
            scopes.append(f'owner : "u{storable(user_id).encode().hex()}"')
        if not words:
            return []
        await self.index.catch_up()
        expression = " AND ".join([*scopes, f"{{content}} : ({words})"])
        ranked = sorted(await self._candidates(expression, user_id, marks), key=_rank, reverse=True)[:limit]
        return await self._messages(ranked, user_id)

    async def _candidates(self, expression: str, user_id: str | None, marks: tuple[str, str]) -> list[Row]:
        """The newest matches. Parts that came or went meanwhile are looked for again."""
        numbers = await self._numbers()
        for _ in range(LOOKS):
            # A message that is moved goes from a newer part to an older one, so it is in one that is still to come.
            found: dict[int, Row] = {}
            try:
                for first in range(0, len(numbers), PARTS_AT_ONCE):
                    statement = sql_search.candidates(numbers[first : first + PARTS_AT_ONCE])
                    rows = await self._database.rows(statement, expression, user_id, *map(storable, marks))
                    found |= {row[0]: row for row in rows}
                    if len(found) >= sql_search.CANDIDATES:
                        break
            except OperationFailed:
                if numbers == (numbers := await self._numbers()):
                    raise
                continue
            if numbers == (numbers := await self._numbers()):
                break
        return list(found.values())[: sql_search.CANDIDATES]

    async def _numbers(self) -> list[int]:
        return [part.number for part in await self.index.parts() if not part.is_empty]

    async def _messages(self, ranked: Sequence[Row], user_id: str | None) -> list[FoundMessage]:
        """A message that is damaged is left out: it is named where its conversation is read."""
        ids = orjson.dumps([row[0] for row in ranked]).decode()
        rows = {row[0]: row[1:] for row in await self._database.rows(sql_search.FOUND, ids, user_id)}
        found = []
        for place, candidate in enumerate(ranked):
            try:
                if place in rows:
                    message = sound_message(rows[place], self._seal)
                    found.append(FoundMessage(message, candidate[2], _rank(candidate)[0]))
            except SessionCorrupted:
                continue
        return found


def _rank(candidate: Row) -> tuple[float, int]:
    """How well it fits, and its id.

    A word counts for more the oftener it occurs and the shorter the message is, as in BM25 (k1 = 1.2, b = 0.75), with
    200 characters as the usual length. Unlike BM25 nothing depends on other users' messages.
    """
    id_, hits, _, length = candidate
    return round(hits * 2.2 / (hits + 1.2 * (0.25 + 0.75 * length / 200.0)), 4), id_


def matching(query: str) -> str:
    """A query as an expression of FTS5: quoted words only, so that no operator is left in it; empty without words.

    >>> matching('savings "monthly fee" acc')
    '"savings" "monthly fee" "acc" *'
    >>> matching('NEAR(a) OR -b* "')
    '"NEAR(a)" "OR" "-b*" *'
    """
    clean = query[:LONGEST_QUERY].replace("\0", " ").encode(errors="ignore").decode()
    words = [
        (phrase or word, bool(phrase)) for phrase, word in islice(_PIECES.findall(clean), MOST_WORDS) if phrase or word
    ]
    # What holds no letter and no digit is no word to the index either.
    kept = [(word, is_quoted) for word, is_quoted in words if any(character.isalnum() for character in word)]
    if not kept:
        return ""
    expression = " ".join(f'"{word}"' for word, _ in kept)
    return expression if kept[-1][1] else f"{expression} *"
