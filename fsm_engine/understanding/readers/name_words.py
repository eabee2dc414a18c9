"""Words that are not names of people, and the small words inside names, as ``plain_spelling`` leaves them."""

from __future__ import annotations

from typing import Final

from fsm_engine.understanding.readers.word_tables import word_list

PARTICLES: Final = frozenset(
    word_list(
        """
    van der den de del la las los da das do dos di du von zu zur ter ten bin binti bint ibn al el ben y e af av
    le of the
    """
    )
) - {"of", "the"}
"""Parts of family names that many people write small."""

QUESTION_STARTS: Final = frozenset(
    word_list(
        """
    what why how when where who which whose can could would should do does did is are will may shall am was were
    que por porque como cuando donde quien cual cuanto puedo puedes podria para tengo hay
    """
    )
)

NOT_NAMES: Final = frozenset(
    word_list(
        """
    i me my mine you your he she we they it its it's i'm i'd i'll i've the a an this that these those there here
    is are was were be been am do does did done have has had can could will would should shall must might want
    wants need needs like likes know think open close create make give get got go going come tell say said help
    stop cancel restart skip back repeat quit exit menu again next continue start yes no yeah yep nope nah ok
    okay sure fine thanks thank please sorry hello hi hey bye goodbye morning not don't dont none nothing nobody
    never maybe perhaps what why how when where who which whose and or but if because with without for from to
    in on at of about into than then name names account bank money email e-mail phone address number password
    card savings checking question human agent person people someone anyone anonymous unknown n/a na null
    hm hmm mm mmm um uh er erm eh ehm em huh guess prefer rather whatever prefiero
    undefined test asdf qwerty fuck fucking shit crap bitch asshole bastard damn idiot stupid dumb bullshit wtf
    lol lmao omg haha hahaha hmm idk good bad great nice cool awesome secret private later today tomorrow
    yesterday now already yo tu ella nosotros ellos ellas usted ustedes mi mis su sus un una unos unas este esta
    esto ese esa eso es son soy eres estoy estas tengo tiene quiero quieres quisiera puedo puede necesito hacer
    abrir cerrar crear ayuda empezar comenzar cancelar reiniciar saltar atras repetir salir volver otra vez
    si claro vale gracias
    perdon hola adios buenos buenas dias tardes noches nada nadie nunca quizas que por porque como cuando donde
    quien cual cuanto con sin para pero o nombre cuenta banco dinero correo telefono direccion numero contrasena
    tarjeta pregunta humano agente persona mierda puta puto joder cono idiota estupido jaja jajaja secreto
    privado luego hoy manana ayer ahora ya
    """
    )
)
"""Nobody's name on its own; several of them capitalised may still be one ("An Le", "Will Do")."""

NOT_NAMES_AFTER_I_AM: Final = frozenset(
    word_list(
        """
    tired happy sad angry anxious stressed worried fine well ill sick hungry bored lonely busy ready done lost
    confused scared afraid depressed lazy free single married divorced new old young male female man woman
    student teacher nurse doctor engineer unemployed retired looking trying calling writing asking interested
    unable able sure unsure certain joking kidding alone better worse okay alright feeling having getting
    pregnant drunk american british english spanish mexican french german italian indian chinese canadian irish
    scottish welsh colombian argentinian muslim christian jewish catholic cansado cansada feliz triste enfadado
    enfadada preocupado preocupada enfermo enferma perdido perdida listo lista estudiante profesor profesora
    medico medica soltero soltera casado casada mayor menor nuevo nueva hombre mujer espanol espanola mexicano
    mexicana ingles inglesa colombiano colombiana argentino argentina fake real not just only very so too really
    still almost about from at in all muy tan casi de verdad difficult easy hard complicated late early monday
    tuesday wednesday thursday friday saturday sunday dificil facil tarde temprano lunes martes miercoles jueves
    viernes sabado domingo
    """
    )
)
"""What people say of themselves after "I'm" or "soy" that is not their name."""
