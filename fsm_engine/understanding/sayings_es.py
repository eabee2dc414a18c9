"""What the engine says in Spanish; `sayings` tells when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SPANISH: Final[Mapping[str, tuple[str, ...]]] = {
    "opening": ("¡Hola! ¿Qué puedo hacer por ti?", "¡Hola! ¿En qué te ayudo?"),
    "fallback": ("Perdona, no te he entendido. ¿Puedes decirlo con otras palabras?",),
    "which_flow": ("¿Cuál de estas cosas quieres: {options}?",),
    "completed": ("Eso es todo. ¡Gracias!", "Ya está. ¡Gracias!"),
    "welcome_back": ("Qué bien verte otra vez. Estábamos hablando de {flow}.",),
    "welcome_back_offer": ("¿Seguimos donde lo dejamos o empezamos de nuevo?",),
    "flow_changed": (
        "Algunas de mis preguntas han cambiado desde la última vez, así que tengo que repetirte unas pocas.",
    ),
    "again": ("Perdona, no te he entendido.", "Perdona, no lo he entendido bien.", "No sé si te he entendido bien."),
    "again_empty": ("Tu mensaje ha llegado vacío.", "Me ha llegado un mensaje sin palabras."),
    "again_unsure": ("No pasa nada, tómate tu tiempo.", "Sin prisa. Basta con lo que te parezca mejor."),
    "again_refused": ("De acuerdo, eso no. ¿Entonces qué?",),
    "again_too_long": ("Es un poco largo. Por favor, usa como mucho {maximum} caracteres.",),
    "again_too_short": ("Es un poco corto. Por favor, usa al menos {minimum} caracteres.",),
    "again_no_match": ("Eso no parece del todo correcto.",),
    "again_not_a_name": ("No he encontrado ningún nombre.", "Perdona, no sé cuál es el nombre."),
    "again_not_an_email": ("Eso no parece un correo electrónico. Tiene que ser como nombre@example.com.",),
    "again_not_a_phone": ("Eso no parece un número de teléfono.",),
    "again_no_country_code": ("Por favor, añade el prefijo del país, por ejemplo +34 o +52.",),
    "again_not_a_url": ("Eso no parece una dirección web. Tiene que ser como https://example.com.",),
    "again_not_a_number": ("No he encontrado ningún número.", "Perdona, aquí necesito un número."),
    "again_not_whole": ("Por favor, usa un número entero, sin decimales.",),
    "again_too_precise": ("Son más cifras de las que puedo guardar. Por favor, redondéalo un poco.",),
    "again_too_small": ("Es demasiado bajo. Tiene que ser al menos {minimum}.",),
    "again_too_big": ("Es demasiado alto. Tiene que ser como mucho {maximum}.",),
    "again_not_money": ("No he encontrado ninguna cantidad de dinero. Por ejemplo, puedes decir 25 €.",),
    "again_no_currency": ("¿En qué moneda? Por ejemplo, dólares o euros.",),
    "again_wrong_currency": ("Por favor, di la cantidad en {currency}.",),
    "again_not_a_date": ('No he encontrado ningún día. Por ejemplo, puedes decir "mañana" o "3 de mayo".',),
    "again_not_a_time": ('No he encontrado ninguna hora. Por ejemplo, puedes decir "las cinco y media" o "17:30".',),
    "again_not_a_duration": ('¿Cuánto tiempo es? Por ejemplo, puedes decir "20 minutos" o "dos semanas".',),
    "again_too_early": ("Es demasiado pronto. El primer día posible es {minimum}.",),
    "again_too_late": ("Es demasiado tarde. El último día posible es {maximum}.",),
    "again_not_yes_or_no": ("Perdona, ¿era un sí o un no?", "Por favor, responde sí o no."),
    "again_unknown_option": (
        "Por favor, elige una de estas opciones: {options}.",
        "Eso no lo tengo. Puedes elegir {options}.",
    ),
    "again_too_few": ("Aún no es suficiente. Necesito al menos {minimum}.",),
    "again_too_many": ("Son demasiados. Puedo apuntar como mucho {maximum}.",),
    "again_not_a_country": ("No conozco ese país. ¿Cuál es su nombre más común?",),
    "again_not_a_language": ("No conozco ese idioma. ¿Cuál es su nombre más común?",),
    "again_not_a_postcode": ("Eso no parece un código postal.",),
    "again_not_an_iban": ("Ese IBAN no parece correcto. ¿Puedes revisar las cifras?",),
    "again_not_a_card_number": ("Ese número de tarjeta no parece correcto. ¿Puedes revisar las cifras?",),
    "again_confirm": ('Por favor, di sí o no, o dime qué quieres cambiar, por ejemplo "cambiar mi nombre".',),
    "which_one": ("¿Querías decir {options}?", "¿Cuál querías decir: {options}?"),
    "option_continue": ("Seguir",),
    "option_restart": ("Empezar de nuevo",),
    "help_generic": (
        'Puedes responder con tus propias palabras. También puedes decir "repetir", "atrás", "saltar" o "cancelar" '
        "cuando quieras.",
    ),
    "help_offer_human": ('Lo siento, esto no está saliendo bien. Di "humano" si prefieres hablar con una persona.',),
    "nothing_to_go_back_to": ("Esta es la primera pregunta, así que no hay nada a lo que volver.",),
    "back_done": ("De acuerdo, un paso atrás.", "Claro, volvamos a la pregunta anterior."),
    "cannot_skip": ("Lo siento, para seguir necesito una respuesta a esta pregunta.",),
    "skipped": ("No pasa nada, lo dejamos.", "Está bien, sigamos."),
    "cancel_really": (
        '¿Seguro que quieres parar? Se perderían tus respuestas de "{flow}".',
        '¿De verdad paro "{flow}"? Se perdería lo que me has contado hasta ahora.',
    ),
    "cancel_kept": ("Bien, sigamos.", "De acuerdo, seguimos."),
    "cancelled": ("De acuerdo, he parado.", "Hecho, queda cancelado."),
    "nothing_to_cancel": ("Ahora mismo no hay nada que cancelar.",),
    "restart_really": ('¿Seguro que quieres empezar de nuevo? Se perderían tus respuestas de "{flow}".',),
    "restarted": ("De acuerdo, desde el principio.", "Claro, empecemos de nuevo."),
    "handoff": ("Te paso ahora con una persona. Podrá ver lo que hemos hablado.",),
    "give_up_handoff": ("Lo siento, no consigo resolverlo. Te paso con una persona que puede ayudarte.",),
    "give_up_cancel": (
        "Lo siento, sin eso no puedo seguir, así que tengo que parar aquí. Puedes intentarlo de nuevo cuando quieras.",
    ),
    "too_long": (
        "Ese mensaje es demasiado largo para mí: como mucho {limit} caracteres. ¿Puedes decirlo en menos palabras o "
        "por partes?",
    ),
    "nothing_said_yet": ("Todavía no me has dicho nada.",),
    "said_so_far": ("Hasta ahora me has dicho:\n{answers}",),
    "which_to_change": ("¿Qué respuesta quieres cambiar: {options}?",),
    "nothing_to_change": ("Todavía no hay ninguna respuesta que cambiar.",),
    "noted": ("También he apuntado: {answers}.", "Gracias, también tengo {answers}."),
    "changed": ('Gracias, he cambiado "{slot}".', 'Hecho, he cambiado "{slot}".'),
    "digression_bridge": ("Volvamos a donde estábamos.", "Y ahora, sigamos con lo que estábamos haciendo."),
    "digression_too_deep": ("Terminemos primero con esto, por favor. Después podemos ver lo otro.",),
    "ask_more": ("¿Hay alguno más?", "¿Quieres añadir otro?"),
    "action_waiting": ("Esto tarda un momento. Te aviso en cuanto esté.",),
    "action_busy": ("Todavía estoy en ello. Un momento, por favor.",),
    "action_failed": ("Lo siento, no ha funcionado.",),
    "action_rejected": ("Lo siento, eso no es posible.",),
    "action_try_later": ("Lo siento, ahora mismo no puedo hacerlo. Por favor, inténtalo más tarde.",),
    "action_later": (
        "No sé si se ha llegado a hacer. Una persona lo comprobará, así que por favor no lo intentes dos veces.",
    ),
    "undone": ("He deshecho lo que ya había hecho por ti.",),
    "undo_stuck": (
        "No he podido deshacer todo lo que ya había hecho por ti. Una persona lo mirará, así que por favor no lo "
        "intentes dos veces.",
    ),
    "check_unavailable": ("Ahora mismo no puedo comprobarlo. Por favor, inténtalo de nuevo dentro de un rato.",),
    "apology": ("Lo siento, algo ha fallado por mi parte. Por favor, envíalo otra vez.",),
    "risk_resources_lead": (
        "No tienes que pasar por esto a solas. Aquí puedes hablar con alguien, gratis y en confianza:",
    ),
    "risk_resource": ("{name}: {contact}",),
    "risk_resource_hours": ("{name}: {contact} ({hours})",),
    "risk_check_in": ("Antes de seguir: ¿estás a salvo ahora mismo?",),
    "risk_thanks_safe": (
        "Gracias por decírmelo. Si eso cambia, por favor acude a una de estas personas o a alguien de confianza, a "
        "cualquier hora. Podemos seguir cuando quieras.",
    ),
    "risk_stay": (
        "Me alegra que me lo cuentes. Por favor, llama ahora al número de emergencias (112 en Europa, 911 en Estados "
        "Unidos y México), o pídeselo a alguien que esté cerca. Si puedes, ve a donde haya otras personas y aléjate de "
        "todo lo que pueda hacerte daño. Sigo aquí: dime cuando estés a salvo.",
    ),
}
