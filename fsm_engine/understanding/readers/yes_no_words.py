"""How people say yes and no, in English and Spanish; spelled as ``wording.plain_spelling`` leaves them.

Both languages are always understood: a Spanish speaker who types "yes" means it.
"""

from __future__ import annotations

import re
from typing import Final

from fsm_engine.understanding.readers.word_tables import phrase_list, word_list

YES_PHRASES: Final = frozenset(
    phrase_list(
        """
    go on|go on then|aja|ajam
    yes|y|ye|yea|yeah|yeh|yah|ya|yep|yup|yess|yeap|yus|aye|si|s|sip|sipi|sep|sii|sure|sure thing|for sure|ok
    okay|okey|oki|okie|okey dokey|k|kk|alright|all right|right|that's right|thats right|that is right|correct
    that's correct|thats correct|that is correct|true|that's true|it's true|exactly|precisely|indeed|absolutely
    definitely|certainly|totally|obviously|naturally|affirmative|of course|ofc|by all means|gladly|with pleasure
    please do|yes please|please|go ahead|go for it|do it|let's do it|lets do it|let's go|proceed|continue
    confirm|confirmed|i confirm|i agree|agreed|agree|accept|accepted|i accept|deal|done deal|approved
    sounds good|sounds great|sounds right|looks good|looks right|looks correct|looks great|looks fine|that works
    works for me|fine|that's fine|fine by me|fine with me|good|great|perfect|perfectly|cool|awesome|excellent
    all good|all correct|it's all correct|everything is correct|very well|i do|i am|i have|i did|i would|i will
    i'm safe|i am safe|i'm safe now|i am safe now|i'm safe here|i feel safe|safe|estoy a salvo|a salvo
    i can|it is|it does|it was|they are|we do|we are|we have|we did|he does|she does|there is|there are|he is
    she is|i sure do|i really do|sure do|you bet|you got it|you know it|yes sir|yessir|hell yes|hell yeah
    heck yes|heck yeah|damn right|fuck yes|fuck yeah|duh|roger|roger that|10-4|uh huh|uh-huh|mhm|mm-hmm|mm hmm
    mmhmm|i'd like that|i would like that|i'd love to|i would love to|i'd love that|i want to|i want that
    i'd like to|i would like to|why not|sure why not|no problem|no worries|not a problem|no objection
    no objections|no doubt|without a doubt|without doubt|i don't see why not|don't mind if i do|always|often
    very much|very much so|a lot|most certainly|most definitely|100%|100 percent|one hundred percent
    it's correct|it is correct|is correct|it's right|everything's right|that's it|that is it|that's me|it's me
    positive|i'm sure|i am sure|i'm positive|i'm in|count me in|i'm ready|ready|yes i do|yes it is|yes i am
    claro|claro que si|clarisimo|por supuesto|por supuesto que si|desde luego|desde luego que si|como no
    por que no|vale|venga|venga va|dale|de acuerdo|correcto|correcta|es correcto|esta correcto|exacto
    exactamente|efectivamente|en efecto|cierto|es cierto|verdad|es verdad|asi es|eso es|eso mismo|tal cual
    afirmativo|confirmo|confirmado|lo confirmo|acepto|aceptado|de una|obvio|obviamente|evidentemente|ciertamente
    seguro|segurisimo|estoy seguro|estoy segura|sin duda|sin dudarlo|sin problema|ningun problema
    no hay problema|bueno|bien|esta bien|muy bien|todo bien|todo correcto|todo esta bien|todo esta correcto
    perfecto|genial|estupendo|excelente|de maravilla|adelante|hagalo|hazlo|hagamoslo|vamos|okis|oki doki
    por favor|si por favor|si claro|si senor|si senora|quiero|lo quiero|si quiero|me gustaria|me encantaria
    encantado|encantada|con gusto|con mucho gusto|me parece bien|me parece perfecto|tengo|si tengo|lo hago
    lo tengo|lo soy|yo si|eso creo que si|siempre|muchisimo|mucho|simon|orale|arre|va|ta bien|listo|lista
    estoy listo|estoy lista|estoy de acuerdo|totalmente|absolutamente|completamente|definitivamente|hecho
    positivo|sale|cabal|eso si|que si|ya lo creo|y tanto
    """
    )
)
NO_PHRASES: Final = frozenset(
    phrase_list(
        """
    no lo creo|no creo
    no|n|nop|nope|nah|na|naw|noo|nooo|nay|negative|no no|no way|no thanks|no thank you|no thank u|no ty|nty
    nope nope|not really|not at all|not yet|not now|not today|not anymore|not any more|not exactly|not quite
    not particularly|not necessarily|not that|not me|not this time|not for me|not interested|not so much
    not likely|unlikely|not right|not correct|not true|incorrect|wrong|that's wrong|thats wrong|that is wrong
    it's wrong|it is wrong|false|that's false|that's not right|that's not correct|that is not right
    that is not correct|that isn't right|that isn't correct|it's not|it is not|it isn't|that's not true|not ok
    not okay|not good|not fine|of course not|ofc not|certainly not|definitely not|absolutely not|obviously not
    surely not|hell no|heck no|fuck no|god no|never|never ever|no never|nothing|none|neither|no chance
    not a chance|no sir|no ma'am|nuh uh|nuh-uh|uh-uh|uh uh|nopety|hard pass|pass|i'll pass|i pass|no deal
    i'm good|im good|i'm good thanks|i'm fine|i'm fine thanks|i'm ok thanks|i don't|i dont|i do not|i'm not
    im not|i am not|i haven't|i havent|i have not|i didn't|i didnt|i did not|i wouldn't|i would not|i won't
    i will not|i can't|i cannot|it doesn't|it does not|it wasn't|they aren't|they're not|we don't|we do not
    we haven't|we aren't|he doesn't|she doesn't|there isn't|there aren't|don't|dont|do not|don't do it
    please don't|please dont|stop|don't want to|i don't want to|i dont want to|i don't want that|i'd rather not
    i would rather not|rather not|i'd prefer not to|i prefer not to|i disagree|disagree|decline|declined
    i decline|reject|refuse|i refuse|denied|rejected|forget it|don't bother|no need|no need to|hardly|barely
    rarely|seldom|not always|not often|not enough|i do not agree|i don't agree|i don't accept|i don't have any
    i have none|i don't have one|i don't have|no gracias|no muchas gracias|gracias no|no quiero|no lo quiero
    no me gustaria|no me interesa|no interesado|para nada|en absoluto|de ningun modo|de ninguna manera
    de ninguna forma|nunca|nunca jamas|jamas|que va|ni hablar|ni loco|ni loca|ni de broma|ni en suenos
    ni pensarlo|claro que no|por supuesto que no|desde luego que no|obvio que no|obviamente no|evidentemente no
    seguro que no|ciertamente no|definitivamente no|absolutamente no|negativo|tampoco|todavia no|aun no|ahora no
    hoy no|ya no|mejor no|prefiero que no|prefiero no|no realmente|no mucho|no del todo|no exactamente
    no necesariamente|realmente no|la verdad que no|la verdad es que no|no es correcto|no es asi|no esta bien
    no esta correcto|incorrecto|incorrecta|falso|es falso|eso no|no es cierto|no es verdad|mal|esta mal|no tengo
    no lo tengo|no tengo ninguno|no tengo ninguna|no lo hago|no lo soy|no soy|yo no|no acepto
    no estoy de acuerdo|rechazo|nel|nel pastel|nanai|no hace falta|no es necesario|dejalo|olvidalo|no lo hagas
    no gracias a dios|que no|no senor|no senora|casi nunca|rara vez|no siempre|ninguno|ninguna|nada|nada de eso
    no por favor|por favor no|no puedo|no deseo
    """
    )
)

YES_STARTS: Final = frozenset(
    phrase_list(
        """
    looks good|looks right|looks correct|looks great|looks fine|sounds great|sounds right|that works|works
    i said yes|everything looks good|everything looks right|everything looks correct|everything is right
    everything's right|everything's correct|go on|aja
    yes|yeah|yea|yep|yup|ya|yah|si|sip|sii|sure|ok|okay|okey|absolutely|definitely|certainly|of course|totally
    correct|exactly|right|that's right|that's correct|indeed|affirmative|please do|go ahead|sounds good|i do
    i agree|i accept|i confirm|i'd love|i would love|i'd like|i would like|i want|y|why not
    no problem|no worries|no doubt|hell yeah|for sure|all good|perfect|great|fine|you bet|uh huh|uh-huh|claro
    claro que si|por supuesto|por supuesto que si|desde luego|como no|vale|venga|dale|de acuerdo|correcto|exacto
    exactamente|efectivamente|asi es|eso es|afirmativo|acepto|confirmo|obvio|sin duda|perfecto|adelante
    me gustaria|me encantaria|quiero|cierto|esta bien|todo bien|todo correcto|estoy de acuerdo|tengo|ciertamente
    totalmente|bueno si|pues si
    """
    )
)
NO_STARTS: Final = frozenset(
    phrase_list(
        """
    i said no|afraid not|i'm afraid not|no lo creo|no creo|me temo que no
    no|nope|nop|nah|never|not|no way|no thanks|no thank you|of course not|certainly not|definitely not
    absolutely not|i don't|i dont|i do not|i'm not|im not|i am not|i haven't|i have not|i didn't|i did not
    i won't|i will not|i wouldn't|i would not|i can't|i cannot|i've never|i have never|i never|i'd rather not
    i would rather not|please don't|please do not|don't|do not|that's not|that is not|that isn't|it's not
    it isn't|it is not|it doesn't|it wasn't|hell no|negative|we don't|we do not|they don't|there isn't
    there is no|i have no|i've no|i disagree|i decline|i refuse|wrong|incorrect|none of|claro que no
    por supuesto que no|desde luego que no|para nada|nunca|jamas|tampoco|todavia no|aun no|ahora no|ya no
    mejor no|prefiero no|prefiero que no|ni hablar|ni loco|ni|que va|de ninguna manera|de ningun modo
    en absoluto|negativo|incorrecto|yo no|eso no|la verdad que no|la verdad no|realmente no|pues no|bueno no
    por favor no|nada de
    """
    )
)
NEGATED: Final = frozenset(
    {"of course", "claro", "por supuesto", "desde luego", "absolutely", "definitely", "certainly"}
)
"""Openings that a following "not" or "no" turns into a clear no."""

NEITHER: Final = frozenset({"never mind", "nevermind", "no importa", "no pasa nada", "no te preocupes"})
"""What is said before the answer and is none, though it begins like a no."""

FILLERS: Final = frozenset(
    word_list(
        """
    well um uh umm erm oh ah so just like really actually honestly please pls plz thanks thank you thx ty then
    lol haha man dude bro sir mate dear bot friend hey hi hello very much pues bueno eh mira oye gracias muchas
    porfa porfavor hombre mujer amigo amiga jaja jeje tio tia che la verdad
    """
    )
)
"""Words that neither affirm nor deny."""

YES_EMOJI: Final = ("👍", "✅", "✔", "☑", "👌", "🆗", "💯", "🙆", "🤝", "🙋")
NO_EMOJI: Final = ("👎", "❌", "✖", "🚫", "🙅", "⛔", "✗", "🛑")

DOUBTFUL: Final = re.compile(
    r"\bi (?:think|guess|suppose|hope|believe|imagine|assume) (?:so|not|yes|no)\b"
    r"|\bi (?:don'?t|do not) (?:mind|care)\b|\bnot bad\b|\bno esta mal$"
    r"|\b(?:maybe|perhaps|possibly|probably|likely|might|kind of|kinda|sort of|sorta|sometimes|ish|more or less"
    r"|partly|partially|somewhat|so-so|half and half|not (?:entirely |so )?sure|yes and no|yes no|no yes|yeah no but"
    r"|let me think|i'?ll think|ask me later|later|we'?ll see"
    r"|quizas?|tal vez|talvez|a lo mejor|puede|posiblemente|probablemente|supongo|creo|imagino|espero|a veces"
    r"|mas o menos|depende|segun|si y no|luego|despues|mas tarde|ya veremos|regular|asi asi|en parte|no lo se"
    r"|no se)\b"
    r"|🤷|🤔"
)
"""Leaning one way is not an answer where a yes has consequences."""
