"""What users say at any time, by language: the table behind `anytime`.

Phrases are folded (small letters, no accents, no apostrophes). ``[a|b]`` means either, ``[a|]`` means perhaps.
Feelings are left out on purpose: "I'm lost", "I give up" or "I can't go on" are answers, not commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Ways:
    """How one thing is said: ``alone`` as the whole message; ``deeds`` so or after "I want to"; ``wished`` only after
    "I want to"; ``things`` only after "I want" or "give me"."""

    alone: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()
    wished: tuple[str, ...] = ()
    things: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """``polite`` words change nothing at either end; ``to_do`` and ``to_have`` open a wish."""

    polite: tuple[str, ...]
    to_do: tuple[str, ...]
    to_have: tuple[str, ...]
    words: Mapping[str, Ways]


_HUMAN = "[human|human being|person|real person|real human|live person|live agent|agent|advisor|adviser|operator]"
_STAFF = "[representative|member of staff|manager|human agent|real one|customer service agent]"
_HUMANO = "[humano|agente|asesor|operador|representante|agente humano|asesor humano|ser humano|encargado]"
_PERSONA = "[persona|persona real|persona de verdad|asesora|operadora|agente]"

ENGLISH: Final = Language(
    polite=(
        "[please|pls|plz|ok|okay|hey|hi|hello|um|uh|hmm|oh|well|so|sorry|actually|just|now|then|wait|bot|thanks]",
        "[thank you|excuse me|hold on|no thanks|no thank you|for now|if possible|right now|i said|yes please]",
    ),
    to_do=(
        "i [want|need|have|would like|wish|would love] to",
        "[id like to|id love to|i wanna|id rather|i think ill|ill|i will|lets|let us|let me|we should]",
        "[can|could|may|shall|should] [i|we]",
        "[can|could|would|will] you",
        "[can|could|would] you let me",
        "[is it possible|is there a way|how do i|how can i|how do we] [to|]",
        "do you mind if i",
    ),
    to_have=(
        "i [want|need|would like|really need]",
        "[id like|give me|get me|can i have|can i get|could i have|could i get|may i have|can you get me]",
        "[i could do with|could you give me|can you give me]",
    ),
    words={
        "help": Ways(
            alone=(
                "help [me|us|me out|me please|me here|me with this|with this|with this question|]",
                "[can|could|will|would] you [please|] help [me|us|me out|me with this|me with this question]",
                "can you help",
                "help needed",
                "assist me",
                "assistance",
                "i [dont|do not|didnt|did not] understand [this|that|it|the question|this question|what you mean|]",
                "i dont get [it|this|the question]",
                "what can [i|you] [say|do|do here|say here]",
                "what [are my|are the] [options|choices]",
                "how does this work",
                "how do i [answer|answer this|answer that|use this]",
                "what should i [say|type|write|answer]",
                "what do you mean [by that|]",
                "what does that mean",
                "why do you [ask|need this|need that|need it|need to know|want to know]",
                "[options|commands|menu|show menu|show the menu]",
            ),
            deeds=("explain [that|this|it|the question|what you mean|]",),
            things=("[help|some help|a hand|assistance|a hint|an explanation]",),
        ),
        "repeat": Ways(
            alone=(
                "[again|once more|one more time|come again|pardon|pardon me|what|what was that|huh|sorry what|eh]",
                "what did you [just|] [ask|say|ask me|say to me]",
                "[what was|what is|whats] [the|your|that|the last|your last] question [again|]",
                "what [was|were] [i asked|you asking|you saying|you asking me]",
                "what are you asking [me|]",
                "what do you want [to know|from me|me to say]",
                "i [didnt|did not|couldnt] [hear|catch|get] [that|it|you|the question]",
                "i missed [that|it|the question]",
                "[which question|the question again|where were we|say what]",
            ),
            deeds=(
                "repeat [that|this|it|that question|the question|your question|the last question|the last part|]",
                "repeat [yourself|what you said|what you asked]",
                "[say|ask|ask me|read|tell me|hear|see] [that|it|the question|this] [again|once more|one more time]",
                "[say|ask|ask me] again",
                "remind me [what you asked|what the question was|of the question]",
            ),
        ),
        "back": Ways(
            alone=("no [back|go back]", "[previous|previous question|previous step|last question|backwards]"),
            deeds=(
                "[go|step|move|jump|take me|bring me|] back [one|a step|one step|one question|a question|]",
                "[go|] [one step|a step|one|one question|a question] back",
                "[go|get|return|take me] [back|] to the [previous|last] [question|step|one]",
                "go back to the [question|one] before",
                "[go back up|back up|undo|undo that|undo this|undo it|undo my last answer]",
                "[change|redo|correct|edit|fix] [my|the] [last|previous] [answer|question|one]",
            ),
        ),
        "skip": Ways(
            alone=(
                "[id|i would|i] [rather|prefer] not [say|answer|to say|to answer|tell|tell you|share|share that]",
                "[id rather not|i would rather not|prefer not to say|rather not say|prefer not to answer|no comment]",
                "id prefer not to [say|answer|share]",
                "i [dont|do not] [want|wish] to [answer|say|tell you|share|say that|share that]",
                "i [dont|do not] [want|wish] to [give it|give that|give you that|give you it|give it to you]",
                "[id rather not|i would rather not|id prefer not to] [give it|give that|give you that|give it to you]",
                "i [dont|do not] [want|wish] to answer [this|that|it|this one|this question|that question]",
                "[next|next one|next question|next step|next please|not applicable|n a]",
                "none of your business",
            ),
            deeds=(
                "skip [this|that|it|this one|that one|this question|that question|the question|this step|ahead|]",
                "pass [on this|on that|on this one|on that one|on this question|]",
                "[move|go|skip] [on|ahead|] to the next [question|one|step]",
                "[move on|leave it blank|leave this blank|leave that blank|leave it out|leave it empty|leave this out]",
                "ignore [this|that|this question|that question|this one]",
            ),
        ),
        "cancel": Ways(
            alone=(
                "no [cancel|stop|quit]",
                "[never mind|nevermind|forget it|forget this|forget that|forget about it|forget the whole thing]",
                "i [dont|do not] want to [continue|do this anymore|do this any more|do this now]",
            ),
            deeds=(
                "cancel [this|that|it|everything|all|all of this|the whole thing|my application|the request|]",
                "stop [this|it|here|now|the chat|the conversation|this conversation|this chat|talking|]",
                "[quit|exit|abort|quit this|exit this|abort this]",
                "[end|close|leave|quit|exit] [the|this] [chat|conversation|session]",
            ),
        ),
        "restart": Ways(
            alone=("no start [over|again]", "from the [beginning|start|top]"),
            deeds=(
                "[restart|reset|restart everything|start everything over|reset everything|start fresh|start afresh]",
                "start [over|again|over again|all over|all over again|anew|from zero|from scratch]",
                "[start|begin|go] [again|over|] from the [beginning|start|top]",
                "[begin|do it all|do everything] again",
                "go back to the [beginning|start]",
                "restart the [chat|conversation|session]",
                "[start|] [a|] new [chat|conversation|session]",
            ),
        ),
        "human": Ways(
            alone=(
                f"[a|] {_HUMAN.replace('|person|', '|')}",
                "[representative|customer service|customer support|human help|real person please]",
                f"is there [a|an] {_HUMAN} [i can talk to|i can speak to|there|here|available|]",
                "i [dont|do not] want to [talk|speak|chat] [to|with] a [bot|robot|machine|computer|chatbot]",
                "i [want|need] a human not a [bot|robot|machine]",
                "can someone help me",
            ),
            deeds=(
                f"[talk|speak|chat] [to|with] [a|an|another|] {_HUMAN}",
                f"[talk|speak|chat] [to|with] a {_STAFF}",
                f"[talk|speak] to [an actual|a proper|an actual live] {_HUMAN}",
                f"[connect me|transfer me|put me through|pass me on|hand me over] [to|with] [a|an|] {_HUMAN}",
                "[connect me|transfer me|put me through|hand me over] [to|with] [someone|somebody|customer service]",
                "[talk|speak] to customer [service|support]",
            ),
            wished=(
                "[talk|speak|chat] [to|with] [someone|somebody|someone real|your manager|a counsellor|a counselor]",
            ),
            things=(f"[a|an|] {_HUMAN}", f"[a|] {_STAFF}", "someone to talk to", "to talk to someone"),
        ),
        "what_have_i_said": Ways(
            alone=(
                "what have i [said|told you|answered|entered] [so far|until now|before|]",
                "what did i [say|tell you|answer|enter] [so far|until now|before|]",
                "what [do you have|do you know about me|have you got|have you written down] [so far|]",
                "what [do you know|have you got] about me",
                "[what are|show me|show|list|tell me|give me|read back|repeat] my answers [so far|]",
                "[my answers|recap|my answers so far|summary so far]",
                "show me what i [said|told you|have said|answered] [so far|]",
            ),
            deeds=(
                "[see|check|review|hear|look at|go over] my answers [so far|]",
                "see what i [said|have said|told you]",
            ),
        ),
    },
)

SPANISH: Final = Language(
    polite=(
        "[por favor|porfa|porfavor|ok|vale|oye|oiga|hola|eh|bueno|pues|perdon|perdona|disculpa|disculpe|gracias]",
        "[muchas gracias|ya|ahora|entonces|ahora mismo|espera|mejor|si por favor|no gracias|please|de momento]",
    ),
    to_do=(
        "[quiero|quisiera|querria|me gustaria|necesito|prefiero|deseo|tengo que|vamos a|voy a|dejame|deja que]",
        "[puedo|podemos|podria|podriamos|se puede|es posible|como puedo|como podemos|hay forma de]",
        "[puedes|podrias|puede|me puedes|me podrias|me puede|podria usted|puede usted]",
    ),
    to_have=("[quiero|quisiera|querria|necesito|deseo|dame|deme|me das|puedes darme|podrias darme|me gustaria tener]",),
    words={
        "help": Ways(
            alone=(
                "[ayuda|ayudame|ayudeme|ayudanos|auxilio|help|opciones|menu|comandos]",
                "[me puedes|me podrias|puedes|podrias|me puede|puede] [ayudar|ayudarme] [con esto|con esta pregunta|]",
                "necesito que me [ayudes|ayude]",
                "no [entiendo|comprendo|entendi|lo entiendo] [esto|eso|la pregunta|esta pregunta|nada|]",
                "que puedo [decir|hacer|hacer aqui|decir aqui]",
                "que puedes hacer",
                "[cuales son las|cuales son mis|que] opciones [hay|tengo|]",
                "como [funciona|funciona esto|se usa|se usa esto|contesto|respondo]",
                "que debo [decir|escribir|poner|responder|contestar]",
                "que [quieres|quiere] decir [eso|esto|con eso|]",
                "que significa [eso|esto]",
                "[por que|para que] [lo preguntas|me preguntas eso|necesitas eso|quieres saberlo|lo necesitas]",
            ),
            deeds=("[explica|explicame|explicar|explicarme|explicarlo|explicalo] [eso|esto|la pregunta|]",),
            things=("[ayuda|un poco de ayuda|una pista|una explicacion]",),
        ),
        "repeat": Ways(
            alone=(
                "[repite|repita|repiteme|repitelo|repitemelo|repitalo] [eso|esto|la pregunta|la ultima pregunta|]",
                "[otra vez|de nuevo|una vez mas|como|como dices|como dijiste|como has dicho|que|mande|perdon que]",
                "que [dijiste|has dicho|preguntaste|has preguntado|me preguntaste|me has preguntado|decias]",
                "[cual es|cual era|cual fue|que era] [la|tu|esa|la ultima] pregunta",
                "[dilo|digalo|preguntalo|preguntamelo] [otra vez|de nuevo]",
                "[no te|no lo|no] [oi|he oido|escuche|pille|cogi]",
                "que [quieres saber|me preguntabas|estas preguntando]",
                "[que pregunta|la pregunta otra vez|la pregunta de nuevo|donde estabamos|por donde ibamos]",
            ),
            deeds=(
                "[repetir|repetirme|repetirlo|repetirmelo] [eso|esto|la pregunta|la ultima pregunta|lo que dijiste|]",
                "[oir|escuchar|ver|leer] [eso|la pregunta] [otra vez|de nuevo]",
                "[decirlo|decirmelo|preguntarlo|preguntarmelo] [otra vez|de nuevo]",
            ),
        ),
        "back": Ways(
            alone=(
                "[atras|vuelve|vuelva|regresa|regrese|retrocede|volvamos|anterior|back]",
                "[la|] [pregunta anterior|paso anterior]",
                "[ve|vaya|vamos|vuelve|vuelva|volvamos|regresa] [atras|para atras|un paso atras|hacia atras]",
                "[vuelve|vuelva|ve|regresa|volvamos] a la [pregunta anterior|anterior|ultima pregunta]",
                "[un paso atras|una pregunta atras|deshaz|deshazlo|a la pregunta anterior]",
            ),
            deeds=(
                "[volver|regresar|ir|dar|retroceder] [atras|para atras|hacia atras|un paso atras|un paso|una pregunta]",
                "[volver|regresar|ir] a la [pregunta anterior|anterior|ultima pregunta]",
                "[volver|regresar|retroceder|deshacer|deshacerlo]",
                "[cambiar|corregir] [mi|la] [ultima respuesta|respuesta anterior]",
            ),
        ),
        "skip": Ways(
            alone=(
                "[salta|salte|saltalo|saltala|saltatela|omite|omitela|omitelo|paso|siguiente|siguiente pregunta|skip]",
                "[salta|omite|pasa] [esta|esta pregunta|esto|la pregunta|a la siguiente|a la siguiente pregunta]",
                "[la siguiente|pasa|pasemos|pasamos] [pregunta|a la siguiente|a la siguiente pregunta|a otra pregunta]",
                "[prefiero|preferiria] no [decirlo|responder|contestar|decir|contestarlo|responderlo|decirtelo]",
                "no quiero [decirlo|responder|contestar|responder a eso|responder eso|contestar eso|decirtelo|decir]",
                "[no quiero|prefiero no|preferiria no] [darlo|darla|dartelo|dartela|compartirlo|dar ese dato]",
                "[sin comentarios|no aplica|n a|no procede]",
                "[dejalo|dejala|dejemoslo] en blanco",
            ),
            deeds=(
                "[saltar|saltarme|omitir|pasar] [esta|esto|esta pregunta|la pregunta|]",
                "[saltarla|saltarlo|omitirla|omitirlo]",
                "pasar a la siguiente [pregunta|]",
                "[dejarla|dejarlo] en blanco",
            ),
        ),
        "cancel": Ways(
            alone=(
                "[cancela|cancele|cancelalo|cancelala|para|pare|parar|detente|basta|termina|cancel|stop|salir|sal]",
                "[cancela|cancele] [esto|todo|eso|la solicitud]",
                "[dejalo|olvidalo|olvidelo|olvida eso|dejemoslo|dejalo estar|da igual|no importa]",
                "[no cancela|no cancelar|no para]",
                "[termina|cierra] [el chat|la conversacion|la sesion]",
                "[ya |]no quiero [continuar|seguir con esto]",
            ),
            deeds=(
                "[cancelar|cancelarlo|abortar|dejarlo] [esto|todo|eso|la solicitud|]",
                "[terminar|cerrar|parar|salir de|dejar] [el chat|la conversacion|la sesion|esta conversacion]",
                "[salir|parar|detener esto|detenerlo|parar esto]",
            ),
        ),
        "restart": Ways(
            alone=(
                "[reinicia|reinicie|reiniciar|reset|restart|desde cero|desde el principio|desde el comienzo]",
                "[empieza|empecemos|empezamos|comienza|comencemos|vuelve a empezar|volvamos a empezar]"
                " [de nuevo|otra vez|de cero|desde cero|desde el principio|desde el inicio]",
                "[vuelve a empezar|volvamos a empezar|volver a empezar|vuelta a empezar]",
            ),
            deeds=(
                "[empezar|comenzar|iniciar] [de nuevo|otra vez|de cero|desde cero|desde el principio|desde el inicio]",
                "[volver a empezar|volver al principio|volver al inicio|reiniciar todo|reiniciar la conversacion]",
                "[empezar|comenzar] una [nueva conversacion|conversacion nueva]",
            ),
        ),
        "human": Ways(
            alone=(
                "[un|] [humano|agente|agente humano|asesor|operador|representante]",
                "[una|] [persona real|persona de verdad|operadora|asesora]",
                "[atencion al cliente|servicio al cliente|human]",
                "hay [algun|un|alguna|una] [humano|persona|agente|asesor|persona real] [con quien hablar|ahi|]",
                "no quiero hablar con [un robot|un bot|una maquina|una computadora]",
                "[pasame|paseme|comunicame|comuniqueme|conectame|ponme] con [alguien|una persona]",
                f"[pasame|paseme|comunicame|comuniqueme|conectame|ponme] con un {_HUMANO}",
            ),
            deeds=(
                f"[hablar|chatear|comunicarme|contactar] con [un|otro|] {_HUMANO}",
                f"[hablar|chatear|comunicarme|contactar] con [una|otra|] {_PERSONA}",
                "hablar con [atencion al cliente|servicio al cliente|alguien real]",
            ),
            wished=("hablar con alguien",),
            things=(f"[un|] {_HUMANO}", f"una {_PERSONA}", "alguien con quien hablar", "que me atienda una persona"),
        ),
        "what_have_i_said": Ways(
            alone=(
                "que [he dicho|dije|te he dicho|te dije|he contestado|conteste|respondi|he respondido] [hasta ahora|]",
                "que [tienes|sabes|sabes de mi|has anotado|anotaste] [hasta ahora|]",
                "[cuales son|muestrame|muestra|ensename|dime|lee|repite] mis respuestas [hasta ahora|]",
                "[mis respuestas|resumen|resume|que llevo dicho|que te he contado|que te he contado hasta ahora]",
            ),
            deeds=("[ver|revisar|oir|repasar|comprobar] mis respuestas [hasta ahora|]",),
        ),
    },
)

LANGUAGES: Final[Mapping[str, Language]] = {"en": ENGLISH, "es": SPANISH}
