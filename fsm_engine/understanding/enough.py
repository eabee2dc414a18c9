"""What people say to "another one?" besides yes and no: that it is enough, or one more.

"That's it", "done" and "listo" are a yes elsewhere; here they end the list.
"""

from __future__ import annotations

import re
from typing import Final

from fsm_engine.understanding.readers.word_tables import phrase_list
from fsm_engine.understanding.readers.wording import plain_spelling
from fsm_engine.understanding.readers.yes_no_words import FILLERS, NO_PHRASES, YES_PHRASES

LONGEST: Final = 80
"""Characters; longer messages say something else as well."""

_ENOUGH: Final = frozenset(
    phrase_list(
        """
    that's all|thats all|that is all|that's it|thats it|that is it|that's everyone|that's everybody|that's everything
    that'll be all|that will be all|that'll do|that's enough|that is enough|enough|done|all done|i'm done|im done
    i am done|i'm finished|finished|we're done|nobody else|no one else|noone else|nobody|no one|nothing else
    nothing more|no more
    no others|that's the lot|just that|just those|just the one|just her|just him|just them|only that|only those|only her
    only him|that's all of them|i think that's all|i think that's it|that's all for now|that's it for now|enough for now
    eso es todo|es todo|creo que eso es todo|nada mas|nadie mas|nadie|ya esta|ya estan|ya estan todos|ya estan todas
    con eso basta|con eso vale|basta|suficiente|es suficiente|ya termine|ya he terminado|he terminado|termine|terminado
    he acabado|acabe|listo|lista|hecho|solo eso|solo esa|solo ese|solo esos|solo esas|solo ella|solo el|no hay mas
    ninguno mas|ninguna mas|no mas|por ahora no|por ahora ya esta|ya no hay mas
    """
    )
)
_MORE: Final = frozenset(
    phrase_list(
        """
    one more|another|another one|one other|add another|add one more|someone else|somebody else|there is another
    there's another|there's one more|more|a few more|some more|otro|otra|otro mas|otra mas|uno mas|una mas
    hay otro|hay otra|hay mas
    alguien mas|mas|algunos mas|algunas mas
    """
    )
)
_CLAUSES = re.compile(r"[,.;!\n]+|\s-+\s")


def wants_more(text: str) -> bool | None:
    """False where the user says that it is enough, True for one more, None where the words say neither.

    >>> wants_more("no, that's all"), wants_more("another one please"), wants_more("sure"), wants_more("my mum")
    (False, True, None, None)
    """
    if len(text) > LONGEST:
        return None
    clauses = [_core(clause) for clause in _CLAUSES.split(plain_spelling(text))]
    said = [clause for clause in clauses if clause]
    others = [clause for clause in said if clause not in _ENOUGH and clause not in _MORE]
    if not all(clause in YES_PHRASES or clause in NO_PHRASES for clause in others):
        return None
    ends, goes_on = any(clause in _ENOUGH for clause in said), any(clause in _MORE for clause in said)
    return None if ends == goes_on else goes_on


def _core(clause: str) -> str:
    """The clause without words that say nothing."""
    words = clause.strip(" '\"¡¿?)(").split()
    return " ".join(words) if " ".join(words) in _ENOUGH else " ".join(word for word in words if word not in FILLERS)
