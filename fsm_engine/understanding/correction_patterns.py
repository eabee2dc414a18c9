"""How people correct an earlier answer, by language: the table behind `correction_phrases`.

Patterns are matched in full against small letters without accents. Groups: ``name`` is what the slot is called,
``value`` the new answer, ``rest`` what follows after a comma and may say more, ``person`` the new answer of the slot
that holds the user's name. Every quantifier over free text is bounded or stands last, so matching takes linear time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Form:
    """One way to correct. ``needs``: words of which the message has at least one (":" also stands for "=").

    ``means`` certain: by itself; ``by lead``: only after words such as "actually"; ``stated``: without them too, but
    then it may as well be the answer to an open question.
    """

    needs: frozenset[str]
    pattern: str
    means: Literal["certain", "by lead", "stated"] = "certain"


@dataclass(frozen=True, slots=True)
class Corrections:
    """The words of one language.

    ``leads`` may come first, ``politeness`` last, and ``fillers`` too where no answer is given. Of the leads, ``turns``
    say that something is to be put right. ``vague`` names no slot ("something"); words ``before_name`` and
    ``after_name`` do not change which slot a name means. ``change`` begins a wish to change what is
    the user's own.
    """

    leads: str
    turns: str
    politeness: tuple[str, ...]
    fillers: tuple[str, ...]
    vague: frozenset[str]
    before_name: frozenset[str]
    after_name: frozenset[str]
    forms: tuple[Form, ...]
    after_rest: tuple[Form, ...]
    negated: str
    change: str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


_NAME = r"(?P<name>\w[\w' /-]{0,40}?)"
_REST = r"(?:\s*[,.;!:–—-]\s*(?P<rest>\S.*))?"

_MY = r"(?:my|our|the|that|this)\s+"
_WISH = (
    r"(?:(?:i (?:want|need|have|wish|would like|wanna)(?: to)?|i'?d (?:like|love)(?: to)?|can (?:i|we|you)|may i|i'll"
    r"|could (?:i|we|you)|would you|will you|let me|let's|how (?:do|can) i|is it possible to"
    r"|i think i (?:should|need to)|go back and|please|just|quickly|also)\s+)*+"
)
_CHANGE = "change|correct|fix|update|edit|modify|amend|replace|redo|switch|reenter|retype|revise"
_TO = (
    r"(?:\s+from\s+.{1,80}?)?(?:\s+(?:to be|to|into|with)\s+|\s*[:=]\s*"
    r"|[,.;]?\s+(?:it's|its|it is|it should be|the (?:right|correct|new) one is)\s+)"
)
_WRONG = (
    r"(?:all |completely |still |just )?(?:wrong|incorrect|not right|not correct|misspell?ed|misspelt|mistyped|outdated"
    r"|out of date|a mistake|spell?ed wrong)"
)
_THAT_IS = r"(?:that|this|it|that one)(?:\s?'s|s|\s+is|\s+was)\s+"
_SHOULD_BE = (
    r"(?:should (?:actually |really )?(?:be|read|say)|should have been|needs to be|(?:is|was) supposed to be"
    r"|is actually|has changed to|changed to)"
)
_A_MISTAKE = _words("mistake error typo")
_IS_WRONG = _words("wrong incorrect right correct misspelled mispelled misspelt mistyped outdated mistake date")
_LED = _words("no nope wait sorry oops actually correction fact mean meant hold hang scratch apologies bad")

ENGLISH: Final = Corrections(
    leads=(
        r"no+|nope|wait|sorry|oh|ah|oops|whoops|actually|well|hmm+|um+|uh+|ok|okay|hey|hi|hold on|hang on"
        r"|correction|in fact|excuse me|i mean|i meant|but|and|so|scratch that|apologies|yes|yeah|please"
    ),
    turns=(
        r"no+|nope|wait|sorry|oops|whoops|actually|hold on|hang on|correction|in fact|i mean|i meant"
        r"|scratch that|apologies"
    ),
    politeness=("please", "pls"),
    fillers=("now", "instead", "thanks", "thank you", "sorry", "sorry about that", "though", "actually", "then", "too"),
    vague=_phrases(
        "something|it|that|this|one|answer|answers|an answer|one of my answers|some of my answers|one of them|one thing"
        "|details|a detail|something else|some things|things|a few things|what i said|what i told you|information"
    ),
    before_name=_words("my our the that this your new correct right actual real current old wrong"),
    after_name=_words(
        "question answer step field part entry details now instead thanks then too actually sorry though"
    ),
    forms=(
        Form(
            _A_MISTAKE,
            r"(?:i think )?(?:i|i've|we)(?: have| just)?\s+(?:made|make)\s+(?:a|an|another)\s+(?:\w+ )?"
            rf"(?:mistake|error|typo)(?:\s+(?:in|with|on|about|typing|entering|spelling)\s+{_NAME})?{_REST}",
        ),
        Form(
            _A_MISTAKE,
            rf"there(?:'s| is| was)\s+(?:a|an)\s+(?:mistake|error|typo)(?:\s+(?:in|with)\s+{_NAME})?{_REST}",
        ),
        Form(
            _IS_WRONG | _words("true not"),
            rf"{_THAT_IS}(?:{_WRONG}|not true|not what i (?:said|meant|typed|wrote)){_REST}",
        ),
        Form(
            _words("isnt wasnt"),
            rf"(?:that|this|it) (?:isn'?t|wasn'?t)\s+(?:right|correct|true|what i (?:said|meant|typed|wrote)){_REST}",
        ),
        Form(
            _words("right correct wrong incorrect mistake typo mistyped bad"),
            rf"(?:not right|not correct|wrong|incorrect|mistake|typo|my mistake|my bad|i mistyped){_REST}",
        ),
        Form(_words("wrong"), rf"(?:{_THAT_IS})?(?:the\s+)?wrong\s+{_NAME}{_REST}"),
        Form(_words("my"), rf"(?:that|this|it)(?:'s not|s not| is not| isn'?t)\s+my\s+{_NAME}{_REST}"),
        Form(
            _words("wrong"),
            r"(?:i|you)(?:'ve)?\s+(?:gave|typed|entered|put|wrote|got|have|said|sent)\s+(?:you\s+|in\s+|down\s+)?"
            rf"(?:the\s+)?wrong\s+{_NAME}{_REST}",
        ),
        Form(
            _words("wrong wrongly incorrectly"),
            r"(?:i|you)(?:'ve)?\s+(?:typed|entered|put|wrote|got|have|spell?ed|spelt)\s+"
            rf"{_NAME}\s+(?:wrong|wrongly|incorrectly){_REST}",
        ),
        Form(_IS_WRONG, rf"i\s+(?:misspell?ed|misspelt|mistyped)\s+{_NAME}{_REST}"),
        Form(_IS_WRONG, rf"{_MY}{_NAME}\s*(?:\s(?:is|was)|'s)\s+{_WRONG}{_REST}"),
        Form(_words("isnt wasnt"), rf"{_MY}{_NAME}\s+(?:isn'?t|wasn'?t)\s+(?:right|correct){_REST}"),
        Form(
            _words(_CHANGE.replace("|", " ")) | _words("re"),
            rf"{_WISH}(?:{_CHANGE}|re-enter|re-type)\s+{_NAME}(?:{_TO}(?P<value>.+))?",
        ),
        Form(
            _words("back return"),
            rf"{_WISH}(?:go back to|return to)\s+(?:my|the)\s+{_NAME}",
        ),
        Form(_words("set make put"), rf"{_WISH}(?:set|make|put)\s+my\s+{_NAME}{_TO}(?P<value>.+)"),
        Form(
            _words("but its it"),
            rf"{_MY}{_NAME}\s+(?:is not|isn'?t|was not|wasn'?t)\s+.{{1,80}}?"
            r"(?:[,;.]\s*(?:it's|its|it is|it should be|but)|\s+but)\s+(?P<value>.+)",
        ),
        Form(
            _words("should needs supposed actually changed"),
            rf"(?:{_MY})?{_NAME}\s+{_SHOULD_BE}\s+(?P<value>.+)",
        ),
        Form(_words("my our"), rf"(?:my|our)\s+{_NAME}\s+(?:is|was|are)\s+(?P<value>.+)", "stated"),
        Form(_words("my our"), rf"(?:my|our)\s+{_NAME}'s\s+(?P<value>(?!\w+ is\b).+)", "stated"),
        Form(_words(":"), rf"{_NAME}\s*[:=]\s*(?P<value>.+)", "stated"),
        Form(_LED, rf"{_NAME}\s*(?:\s(?:is|was)|'s)\s+(?P<value>.+)", "by lead"),
        Form(_LED, r"(?:i'?m called|i am called|you can call me|call me)\s+(?P<person>.+)", "by lead"),
    ),
    after_rest=(
        Form(
            _words("it that this its thats"),
            r"(?:it|that|this)\s*(?:'s|s|\s+is|\s+should be|\s+should have been|\s+must be)\s+(?P<value>.+)",
        ),
        Form(_words("i"), r"i (?:meant|mean|wanted to say)\s+(?P<value>.+)"),
    ),
    negated=r",\s*(?:and\s+)?not\s",
    change=rf"{_WISH}(?:{_CHANGE})\s+(?:my|our|the)\s+\w",
)

_MI = r"(?:mi|mis|nuestro|nuestra|el|la|ese|esa)\s+"
_DESEO = (
    r"(?:(?:quiero|quisiera|querria|me gustaria|necesito|puedo|podemos|podria|podriamos|puedes|podrias|puede|se puede"
    r"|es posible|dejame|tengo que|hay que|debo|voy a|vamos a|por favor|como (?:puedo|hago para)|me puedes|me podrias"
    r"|volver y|tambien)\s+)*+"
)
_CAMBIAR = (
    "cambiar|cambiarme|cambias|cambia|cambiame|cambie|cambieme|cambiemos|corregir|corrige|corrija|modificar|modifica"
    "|modifique|actualizar|actualiza|actualice|editar|edita|edite|arreglar|arregla|rectificar|reemplazar|reemplaza"
)
_MAL = r"(?:esta mal|esta equivocad[oa]|es incorrect[oa]|no es correct[oa]|no esta bien|es un error|no es asi)"
_SER = (
    r"(?:debe ser|deberia ser|tiene que ser|tendria que ser|debia ser|tenia que ser|en realidad es|ahora es"
    r"|ha cambiado a)"
)
_ESTA_MAL = _words("mal equivocado equivocada incorrecto incorrecta correcto correcta error asi bien cierto dije dicho")
_ESCRIBI = r"(?:puse|escribi|di|te di|he puesto|he escrito|anote)"
_TRAS = _words("no espera espere perdon perdona disculpa ups realidad hecho dicho decir correccion digo siento momento")

SPANISH: Final = Corrections(
    leads=(
        r"no+|espera|espere|perdon|perdona|perdone|disculpa|disculpe|ay|oh|ah|ups|uy|en realidad|de hecho"
        r"|la verdad(?: es que)?|mejor dicho|quise decir|queria decir|correccion|digo|bueno|pues|oye|ok|vale|hola"
        r"|por favor|pero|y|un momento|lo siento|si|mejor"
    ),
    turns=(
        r"no+|espera|espere|perdon|perdona|perdone|disculpa|disculpe|ups|en realidad|de hecho|mejor dicho|quise decir"
        r"|queria decir|correccion|digo|un momento|lo siento|la verdad(?: es que)?"
    ),
    politeness=("por favor", "porfa", "please"),
    fillers=("ahora", "gracias", "mejor", "perdon", "perdona", "lo siento", "en realidad", "entonces"),
    vague=_phrases(
        "algo|eso|esto|una respuesta|respuesta|respuestas|una de mis respuestas|alguna respuesta|un dato|datos"
        "|lo que dije|una cosa|unas cosas|algunas cosas|algo mas"
    ),
    before_name=_words("mi mis nuestro nuestra el la los las ese esa tu su nuevo nueva"),
    after_name=_words("correcto correcta nuevo nueva verdadero verdadera actual ahora mejor gracias entonces"),
    forms=(
        Form(
            _words("equivoque equivocado equivocada"),
            r"(?:creo que )?(?:me equivoque|me he equivocado|estoy equivocad[oa])"
            rf"(?:\s+(?:en|con|de|al (?:escribir|poner|dar))\s+{_NAME})?{_REST}",
        ),
        Form(
            _words("error fallo"),
            r"(?:cometi|he cometido|hice|hay|tengo)\s+un\s+(?:error|fallo)"
            rf"(?:\s+(?:en|con|al (?:escribir|poner|dar))\s+{_NAME})?{_REST}",
        ),
        Form(
            _ESTA_MAL,
            rf"(?:(?:eso|esto)\s+)?(?:{_MAL}|no es cierto|no es lo que (?:dije|queria decir|he dicho)){_REST}",
        ),
        Form(_ESTA_MAL, rf"(?:incorrecto|equivocado|error|fue un error){_REST}"),
        Form(_ESTA_MAL, rf"{_ESCRIBI}\s+mal\s+{_NAME}{_REST}"),
        Form(_ESTA_MAL, rf"{_ESCRIBI}\s+{_NAME}\s+(?:mal|equivocad[oa]){_REST}"),
        Form(_words("mi"), rf"(?:ese|esa|eso|este|esta)\s+no\s+es\s+mi\s+{_NAME}{_REST}"),
        Form(_ESTA_MAL, rf"{_MI}{_NAME}\s+{_MAL}{_REST}"),
        Form(
            _words(_CAMBIAR.replace("|", " ")),
            rf"{_DESEO}(?:{_CAMBIAR})\s+{_NAME}"
            rf"(?:(?:\s+(?:a|por|con)\s+|\s*[:=]\s*|[,.;]\s*(?:es|{_SER})\s+)(?P<value>.+))?",
        ),
        Form(
            _words(_CAMBIAR.replace("|", " ")),
            rf"{_DESEO}(?:{_CAMBIAR})\s+{_NAME}\s+de\s+.{{1,80}}?\s+a\s+(?P<value>.+)",
        ),
        Form(
            _words("es sino"),
            rf"{_MI}{_NAME}\s+no\s+es\s+.{{1,80}}?(?:[,;.]\s*(?:es|sino)|\s+sino)\s+(?P<value>.+)",
        ),
        Form(
            _words("debe deberia tiene tendria debia tenia realidad ahora cambiado"),
            rf"(?:{_MI})?{_NAME}\s+{_SER}\s+(?P<value>.+)",
        ),
        Form(
            _words("mi mis nuestro nuestra"),
            rf"(?:mi|mis|nuestro|nuestra)\s+{_NAME}\s+(?:es|son|era)\s+(?P<value>.+)",
            "stated",
        ),
        Form(_words(":"), rf"{_NAME}\s*[:=]\s*(?P<value>.+)", "stated"),
        Form(_TRAS, rf"{_NAME}\s+(?:es|era)\s+(?P<value>.+)", "by lead"),
        Form(_TRAS, r"(?:yo )?me llamo\s+(?P<person>.+)", "by lead"),
    ),
    after_rest=(
        Form(_words("es era debe"), rf"(?:(?:eso|esto)\s+)?(?:es|era|{_SER})\s+(?P<value>.+)"),
        Form(_words("decir"), r"(?:queria|quise|quiero) decir\s+(?P<value>.+)"),
    ),
    negated=r",\s*(?:y\s+)?no\s",
    change=rf"{_DESEO}(?:{_CAMBIAR})\s+{_MI}\w",
)

LANGUAGES: Final[Mapping[str, Corrections]] = {"en": ENGLISH, "es": SPANISH}

COMMON_NAMES: Final = tuple(
    _phrases(names)
    for names in (
        "name|full name|my name|complete name|nombre|nombre completo|nombre y apellido|nombre y apellidos",
        "email|e mail|mail|email address|e mail address|mail address|correo|correo electronico|direccion de correo",
        "phone|phone number|telephone|telephone number|number|mobile|mobile number|cell|cell phone|cell number"
        "|telefono|numero|numero de telefono|celular|movil|numero de celular|telefono movil",
        "address|home address|street address|postal address|direccion|domicilio",
        "age|edad",
        "birthday|birth date|birthdate|date of birth|dob|fecha de nacimiento|cumpleanos",
        "city|town|ciudad|poblacion",
        "country|pais",
        "postcode|post code|zip|zip code|postal code|codigo postal",
        "language|idioma|lengua",
        "account type|type of account|kind of account|tipo de cuenta",
        "deposit|opening deposit|initial deposit|deposito|deposito inicial",
        "amount|sum|cantidad|importe|monto",
        "goal|objetivo|meta",
        "date|day|fecha|dia",
        "time|hour|hora",
    )
)
"""Names that mean the same slot wherever one of them is used; folded."""

PERSON_NAMES: Final = COMMON_NAMES[0]
