"""Full-text search over messages, on SQLite.

Turns do not write the index: a search first indexes what was said since the last one, in small batches, and then looks.
"""

from __future__ import annotations

import re
from itertools import islice

from fsm_engine.errors import SessionCorrupted
from fsm_engine.storage import sql_search
from fsm_engine.storage.database import Database, Row
from fsm_engine.storage.intake import storable
from fsm_engine.storage.pace import Pace, timed
from fsm_engine.storage.records import FoundMessage
from fsm_engine.storage.row_seals import sound_message
from fsm_engine.storage.seal import Seal

LONGEST_QUERY = 1000
"""Characters of a query that are read."""
MOST_WORDS = 32
FIRST_BATCH, FIRST_PAGES = 256, 16

_PIECES = re.compile(r'"([^"]*)"|([^\s"]+)')


class Search:
    """Finds messages by their words, and keeps the index that this takes."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def find(
        self, query: str, *, user_id: str | None, conversation_id: str | None, limit: int, marks: tuple[str, str]
    ) -> list[FoundMessage]:
        """Messages that hold all words of the query, the best first, newer ones first among equals.

        Case and accents do not count. Words in double quotes must stand together; the last word may be the beginning
        of one, unless it is quoted. Nothing else in a query has a meaning, and no query is an error. At least the
        newest 500 matches are ranked.
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
        await self.catch_up()
        expression = " AND ".join([*scopes, f"{{content}} : ({words})"])
        rows = await self._database.rows(sql_search.SEARCH, expression, user_id, limit, *map(storable, marks))
        return [found for found in map(self._found, rows) if found is not None]

    def _found(self, row: Row) -> FoundMessage | None:
        """None for a message that is damaged: it is named where its conversation is read."""
        *of_message, snippet, score = row
        try:
            return FoundMessage(sound_message(tuple(of_message), self._seal), snippet, score)
        except SessionCorrupted:
            return None

    async def catch_up(self, pace: Pace | None = None, merging: Pace | None = None) -> int:
        """Indexes the messages that were said before the call and are not indexed yet; how many there were."""
        pace, merging = pace or Pace(rows=FIRST_BATCH), merging or Pace(rows=FIRST_PAGES, least=1)
        done = 0
        ((indexed_to, last),) = await self._database.rows(sql_search.LAG)
        while last is not None and indexed_to < last:
            upto = min(indexed_to + pace.rows, last)
            with timed() as spent:
                _, ((reached,),) = await self._database.change(
                    (sql_search.CATCH_UP, (upto,)), (sql_search.CAUGHT_UP, (upto,))
                )
            pace.took(spent, upto - indexed_to)
            done += upto - indexed_to
            await self.merge(merging)
            if reached < upto:
                break  # the newest messages are gone in the meantime
            indexed_to = reached
        return done

    async def merge(self, pace: Pace | None = None) -> None:
        """Puts parts of the index together where there are many, so that searches stay quick."""
        pace = pace or Pace(rows=FIRST_PAGES, least=1)
        while await self._merged(pace, pace.rows):
            pass

    async def compact(self, pace: Pace | None = None) -> None:
        """Takes the words of deleted messages out of the index for good.

        Until then they stand in it unseen: a deletion marks them, and a merge of all parts drops them. A step is
        bounded by what it leaves; where next to nothing is left, the last one takes about 5 µs for every message gone.
        """
        pace = pace or Pace(rows=FIRST_PAGES, least=1)
        if await self._merged(pace, -pace.rows):
            await self.merge(pace)

    async def _merged(self, pace: Pace, pages: int) -> bool:
        """Whether there was anything to put together."""
        with timed() as spent:
            before, _, after = await self._database.change(
                (sql_search.CHANGES, ()), (sql_search.MERGE, (pages,)), (sql_search.CHANGES, ())
            )
        written: int = after[0][0] - before[0][0]
        if written > 1:
            pace.took(spent, written)
        return written > 1


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
