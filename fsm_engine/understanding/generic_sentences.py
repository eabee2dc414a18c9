"""What people say that asks for nothing in particular: what the learned classifier takes for "none of the intents".

Sentences of our own, English and Spanish side by side: small talk, answers to questions, stories, questions about the
world, and wishes that hardly any bot serves. They are folded like every message. A sentence that says what one of a
bot's phrases says is left out for that bot, see `intent_training`.
"""

from __future__ import annotations

from typing import Final

_ENGLISH = """
hello there
good evening
how is it going
nice to meet you
thanks a lot
thank you for that
that is fine
all right then
sounds good to me
sure, why not
yes I think so
no not really
maybe another time
I am not sure
I have no idea
never mind
what do you mean
I did not understand that
can you explain that
please wait a moment
sorry, I was away
you are nice
this is stupid
haha that is funny
oh no
wow
bye for now
talk to you tomorrow
my name is Peter
I am sixteen years old
she is my best friend
he lives in London
we live near the station
it is my birthday on Sunday
at half past six
in the morning
around thirty
two or three times
every day after school
next month
the day before yesterday
yesterday we went swimming
I watched a film with my brother
the train was full of people
I ate too much cake
there was a lot of noise in the street
my cat is asleep on the sofa
the teacher gave us a test
I like music and football
my favourite food is pasta
I hate getting up early
I slept badly
it rained the whole weekend
my bike has a flat tyre
we are moving to another town
my grandmother bakes bread
I bought new shoes
the shop was closed
my computer is slow
I read a book about the sea
what is the time
what day is it today
how is the weather
will it rain later
how far away is the moon
who wrote this song
where is the nearest shop
how do you spell that
what does this word mean
which bus goes to the centre
how much does it cost
why is the sky blue
tell me something funny
tell me a story
play a game with me
show me a picture of a cat
switch off the radio
set an alarm for seven
remind me to buy milk
call my mother
send a message to Tom
order some food
buy a ticket
find a restaurant
book a table for two
change the language
translate this sentence
how do I cook rice
the first one
the other one
both of them
none of these
a b c
one two three
nothing special
just looking around
I am only testing
is anybody there
you already asked me that
I told you before
that was a mistake
where did we stop
I changed my mind
it depends
because I said so
people are strange
the whole thing was about money
we talked about it for a long time
I want some water
I want to go home
I need a break
I need to sleep
can you help my neighbour
I would like a sandwich
let me think
make it shorter
give me a minute
start the car
stop the music
close the window
open the door
check the oven
delete the photo
look at this
a list of songs
a table in the kitchen
my week was long
the plan of the city
my phone number is wrong
talk louder
"""

_SPANISH = """
hola qué tal
buenas noches
cómo estás
encantado de conocerte
muchísimas gracias
está bien
de acuerdo entonces
me parece bien
claro, por qué no
creo que sí
la verdad es que no
quizás otro día
no estoy seguro
no tengo ni idea
da igual
qué quieres decir
no he entendido eso
me lo puedes explicar
espera un momento
perdona, no estaba
eres simpático
esto es una tontería
ja ja qué gracia
vaya
adiós
hablamos mañana
me llamo Pedro
tengo dieciséis años
es mi mejor amiga
vive en Madrid
vivimos cerca de la estación
el domingo es mi cumpleaños
a las seis y media
por la mañana
unos treinta
dos o tres veces
todos los días después de clase
el mes que viene
anteayer
ayer fuimos a nadar
vi una película con mi hermano
el tren iba lleno
comí demasiada tarta
había mucho ruido en la calle
mi gato duerme en el sofá
la profesora nos puso un examen
me gusta la música y el fútbol
mi comida favorita es la pasta
odio madrugar
he dormido mal
llovió todo el fin de semana
se me ha pinchado la bici
nos mudamos a otra ciudad
mi abuela hace pan
me compré unos zapatos
la tienda estaba cerrada
mi ordenador va lento
leí un libro sobre el mar
qué hora es
qué día es hoy
qué tiempo hace
va a llover luego
a qué distancia está la luna
quién escribió esta canción
dónde está la tienda más cercana
cómo se escribe eso
qué significa esta palabra
qué autobús va al centro
cuánto cuesta
por qué es azul el cielo
dime algo gracioso
cuéntame una historia
juega conmigo
enséñame una foto de un gato
apaga la radio
pon una alarma a las siete
recuérdame comprar leche
llama a mi madre
manda un mensaje a Tomás
pide comida
compra una entrada
busca un restaurante
reserva una mesa para dos
cambia de idioma
traduce esta frase
cómo se cocina el arroz
el primero
el otro
los dos
ninguno de estos
uno dos tres
nada especial
solo estoy mirando
solo estoy probando
hay alguien ahí
eso ya me lo has preguntado
ya te lo dije
fue un error
dónde nos quedamos
he cambiado de idea
depende
porque sí
la gente es rara
todo era por dinero
hablamos mucho rato de eso
quiero agua
quiero irme a casa
necesito un descanso
necesito dormir
puedes ayudar a mi vecino
me apetece un bocadillo
déjame pensar
hazlo más corto
dame un minuto
arranca el coche
para la música
cierra la ventana
abre la puerta
mira el horno
borra la foto
mira esto
una lista de canciones
una mesa en la cocina
la semana fue larga
el plano de la ciudad
mi número está mal
habla más alto
"""

GENERIC_SENTENCES: Final = tuple(line for part in (_ENGLISH, _SPANISH) for line in part.strip().splitlines())
