"""Problems with the words and values of a file, explained to authors."""

from __future__ import annotations

from collections.abc import Mapping

SHAPE_CODES: Mapping[str, str] = {
    "unknown-key": """\
This word does not belong here. Most of the time it is a misspelling, or it stands one level too far left or right.

Wrong: - ask: name
         agian: Who?
Right: - ask: name
         again: Who?
""",
    "missing-key": """\
Something that is needed is not there. The message names it.

Wrong: - ask: name
         prompt: What is your name?
Right: - ask: name
         type: person name
         prompt: What is your name?
""",
    "missing-value": """\
A word has no value. Write one, or delete the word. A text that begins with # is a comment unless it is quoted.

Wrong: say:
Right: say: Hello!
""",
    "keys-together": """\
Two words stand together of which only one can count.

Wrong: - {say: You can stop at any time., run: privacy, phrases: [can I stop]}
Right: - {say: You can stop at any time., phrases: [can I stop]}
""",
    "key-without-effect": """\
A word is in order by itself and would do nothing where it stands. Delete it, or write what it belongs to.

Wrong: - end: Goodbye!
         goto: start
Right: - end: Goodbye!
""",
    "wrong-shape": """\
A list, a mapping or a single text stands where another of the three is needed.

Wrong: steps:
         say: hello
Right: steps:
         - say: hello
""",
    "empty-list": """\
A list has no items, and at least one is needed.

Wrong: steps: []
Right: steps:
         - say: hello
""",
    "too-many-items": """\
A list is longer than it may be. The message tells how long it is and how long it may be.

Wrong: options: with 51 buttons
Right: options: with 5 buttons, or a question that takes any text
""",
    "text-too-long": """\
A text has more than 5,000 characters, which nobody reads in a conversation. Split it.

Wrong: say: (a whole book)
Right: say: (a paragraph), and the rest behind a link
""",
    "unknown-step-kind": """\
A step begins with one of: say, ask, confirm, do, choose, repeat, run, remind, handoff, end.

Wrong: - question: name
Right: - ask: name
""",
    "two-steps-in-one": """\
A step does one thing. Put the second one on a line of its own that begins with '- '.

Wrong: - say: Hello!
         ask: name
Right: - say: Hello!
       - ask: name
""",
    "duplicate-step": """\
Two steps of one flow have the same name. A step is called after its slot, action or flow unless 'name:' says otherwise.

Wrong: - do: mail.send
       - do: mail.send
Right: - do: mail.send
       - do: mail.send
         name: send_again
""",
    "too-many-steps": """\
A flow has at most 500 steps. Move some of them into another flow and call that one.

Wrong: one flow with 501 steps
Right: - run: second_part
""",
    "bad-name": """\
Names of flows, slots, steps and so on are used in conditions and in texts. They consist of the letters a to z, digits
and underscores, begin with a letter, and have at most 60 characters. Names of actions may hold dots between such parts.

Wrong: ask: teléfono de casa
Right: ask: telefono_de_casa
""",
    "reserved-name": """\
A slot has the name of a word that conditions use themselves, such as 'today' or 'in'. Choose another.

Wrong: ask: today
Right: ask: day
""",
    "bad-number": """\
A whole number is needed here, within the bounds that the message names.

Wrong: attempts: three
Right: attempts: 3
""",
    "bad-share": """\
A number from 0 to 1 is needed here, with at most four digits after the point.

Wrong: intents: {method: hybrid, sure: 90%}
Right: intents: {method: hybrid, sure: 0.9}
""",
    "thresholds-crossed": """\
`maybe` is the confidence from which a guess is worth following where nothing else is open, `sure` the one from which it
may interrupt a question. What is sure is always good enough for maybe, so `maybe` cannot be the higher one.

Wrong: intents: {method: hybrid, sure: 0.6, maybe: 0.8}
Right: intents: {method: hybrid, sure: 0.8, maybe: 0.6}
""",
    "bad-duration": """\
A length of time is a number with its unit: ms, s, minutes, hours, days or weeks.

Wrong: expires: 30
Right: expires: 30 minutes
""",
    "bad-value": """\
Only a few values are possible here, and this is none of them. The message lists them.

Wrong: give_up: stop
Right: give_up: cancel
Right: give_up: goto goodbye
""",
    "unknown-type": """\
There is no such type. Names of types that your programmers registered are one word, or words with dots between them,
and not nearly the same as a type that is built in.

Wrong: type: e-mail adress
Right: type: email
Right: type: accounts.customer_number
""",
    "bad-type": """\
The type exists, and what follows its name is not what it takes.

Wrong: type: text 60
Right: type: text ..60
""",
    "bad-bounds": """\
Bounds are two values with two dots between them, both included; one of them may be left out. Days are 'today', with a
number of days added or taken off, or dates such as 2030-12-31; amounts carry their currency.

Wrong: type: whole number 1-10
Right: type: whole number 1..10
Right: type: money 25 USD..
Right: type: date today..today+14
""",
    "bad-options": """\
The options of a choice are separated by commas; there are at least two, and each is different. Buttons that are listed
by language are the same ones in each.

Wrong: type: one of red, green or blue
Right: type: one of red, green, blue
Right: type: {one of: [now, today or tomorrow]}
""",
    "unknown-option": """\
'same_as' and 'shown_as' have words for options of the type, and this is none of its options.

Wrong: type: one of checking, savings
       same_as: {chequing: [current]}
Right: type: one of checking, savings
       same_as: {checking: [current]}
""",
    "bad-pattern": """\
The pattern cannot be used. Patterns are RE2 patterns, which always match the whole answer. RE2 has no look-ahead, no
look-behind and no references to groups, so that no pattern can make the bot wait. A pattern has at most 500 characters.

Wrong: type: text matching (?=[A-Z]).+
Right: type: text matching [A-Z].*
""",
    "bad-language": """\
Languages are codes of two letters (en, es), with a region where that matters (pt-BR). Each is listed once.

Wrong: say: {english: Hello!, spanish: "¡Hola!"}
Right: say: {en: Hello!, es: "¡Hola!"}
""",
    "unknown-country": """\
Countries are codes of two capital letters. The United Kingdom is GB.

Wrong: type: phone UK
Right: type: phone GB
""",
    "unknown-timezone": """\
Time zones have the names of the IANA list: a region and a city.

Wrong: timezone: Eastern
Right: timezone: America/New_York
""",
    "otherwise-not-last": """\
Cases are tried from top to bottom, and 'otherwise:' always fits: no case after it can be reached.

Wrong: - choose:
           - otherwise:
             goto: adult
           - when: age < 18
             goto: minor
Right: - choose:
           - when: age < 18
             goto: minor
           - otherwise:
             goto: adult
""",
    "bad-migration": """\
A migration moves running conversations on from one older version, so it names a version below that of the file, and
each version once. It renames each slot to another, and asks again for slots by the names that they have now; for a
list that is collected round by round, as a whole.

Wrong: version: 2
       migrate:
         - from: 2
Right: version: 3
       migrate:
         - from: 2
""",
    "no-resources": """\
A level of the risk policy shows resources, and the policy lists none: a person in need would see nothing.

Wrong: levels:
         high: {resources: true}
Right: levels:
         high: {resources: true}
       resources:
         US: {name: 988 Lifeline, contact: Call or text 988}
""",
    "missing-level": """\
The risk policy does not say what happens at this level. Findings would be recorded, and the conversation carry on as if
nothing had been said. Write that down if it is what you want.

Wrong: levels:
         high: {notify: safeguarding}
Right: levels:
         low: {record: true}
         medium: {record: true, afterwards: ask again}
         high: {notify: safeguarding}
""",
    "bad-reminder": """\
The time of a reminder cannot be read. It is a length of time from now, a slot that holds a date (or a date and time),
or a date, with a time of day where you want another one than 09:00.

Wrong: - remind: tomorrow
         say: Time to stretch.
Right: - remind: in 2 hours
         say: Time to stretch.
Right: - remind: 1 day before appointment at 18:00
         say: See you tomorrow.
""",
}
