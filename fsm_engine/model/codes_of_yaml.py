"""Problems with how a file is written as YAML, explained to authors who need not know YAML."""

from __future__ import annotations

from collections.abc import Mapping

YAML_CODES: Mapping[str, str] = {
    "colon-in-text": """\
A colon with a blank after it separates a word from its value. A text that holds one needs quotes around it, or the
second colon is taken for the next separator.

Wrong: prompt: Note: bring your ID
Right: prompt: "Note: bring your ID"
""",
    "needs-quotes": """\
Some signs have a meaning in YAML when a text starts with them: { [ @ * & ! % | > ` ? - and a few more. Put quotes
around such a text; use single quotes if it holds double ones.

Wrong: prompt: {name}, how old are you?
Right: prompt: "{name}, how old are you?"
""",
    "text-after-quote": """\
A text that starts with a quote ends at the next one, and nothing may follow on that line. Put the whole text into one
pair of quotes. In single quotes an apostrophe is written twice.

Wrong: when: "savings" == account_type
Right: when: account_type == "savings"
Right: say: "It's all done."
""",
    "unclosed-quote": """\
A quote opens a text, and no second one closes it.

Wrong: say: "Hello
Right: say: "Hello"
""",
    "unclosed-bracket": """\
Brackets come in pairs, with commas between what stands in them. A text that holds a comma needs quotes there.

Wrong: phrases: [hello, good morning
Right: phrases: [hello, good morning]
""",
    "no-space-after-colon": """\
Between a word's colon and its value stands a blank.

Wrong: flow:goals
Right: flow: goals
""",
    "no-colon": """\
Every line begins with a word and a colon, or with '- ' and then a word and a colon. A longer text can go on over
several lines if these stand further to the right.

Wrong: - ask: name
         type person name
Right: - ask: name
         type: person name
""",
    "backslash": """\
In double quotes a backslash starts a special sign, such as a new line. Patterns belong into single quotes, or need no
quotes at all.

Wrong: type: "text matching \\d+"
Right: type: 'text matching \\d+'
""",
    "bad-indentation": """\
The blanks before a line say what it belongs to. Lines that belong together start in the same column; what belongs to a
line stands further to the right. Choose two blanks for each level and keep to it.

Wrong: - ask: name
          type: person name
Right: - ask: name
         type: person name
""",
    "tab": """\
A line starts with a tab, which editors show in different widths. Use spaces; most editors can replace all tabs at once.

Wrong: (tab)- say: hello
Right:   - say: hello
""",
    "comment-in-text": """\
A blank and # start a comment, and the text ends there. Quote the text to keep it. If you do want a comment after a
text, put two blanks before the #.

Wrong: prompt: 50% off # today
Right: prompt: "50% off # today"
Right: prompt: 50% off  # until May
""",
    "bad-character": """\
The file holds a character that nobody can see and that means nothing in a text, such as a control character. Delete it;
the message tells its place and number.

Wrong: say: hello(U+0007)
Right: say: hello
""",
    "duplicate-key": """\
The same word stands twice in one place, and only one value can count. The message names both lines.

Wrong: - ask: age
         type: number
         type: text
Right: - ask: age
         type: number
""",
    "reference": """\
YAML can give a part of a file a name with & and use it elsewhere with *. That is not allowed here: a reader should find
everything where it is needed. If you meant a text, put it into quotes.

Wrong: again: *polite
Right: again: I did not get that.
""",
    "merge-key": """\
YAML's << copies words from another place. That is not allowed here: write them out.

Wrong: <<: {private: true}
Right: private: true
""",
    "tag": """\
In YAML a word that starts with ! asks for a special type, even for running code. That is never allowed. If you meant a
text, put it into quotes.

Wrong: say: !!python/object:os.system
Right: say: "!!!"
""",
    "directive": """\
A line that starts with % speaks to the YAML parser. Delete it; if it is part of a text, put the text into quotes.

Wrong: %YAML 1.2
Right: flow: hello
""",
    "several-documents": """\
A line with --- or ... starts or ends a second document. A file holds one thing: give the other one a file of its own.

Wrong: flow: one
       ---
       flow: two
Right: one.yaml begins with 'flow: one', two.yaml with 'flow: two'
""",
    "bad-key": """\
Before a colon stands a word, not a list or a mapping. If you meant a text that begins with a bracket, put it into
quotes.

Wrong: ? [a, b]
       : text
Right: "[a, b]": text
""",
    "too-deep": """\
Lists and mappings (or folders) stand inside each other more deeply than any flow needs: 30 levels in a file, 20
folders.

Wrong: steps: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
Right: steps:
         - say: hello
""",
    "too-many-values": """\
A file may hold 50,000 words and values. Split the flow, and call the parts with 'run:'.

Wrong: one file with all conversations of a company
Right: one file for each conversation
""",
    "not-yaml": """\
The file could not be read, for a reason that has no better explanation here. Look at the place that the message names
and at the line above it: a quote, a bracket, a colon or some blanks are missing there most of the time.

Wrong: say: hello: [
Right: say: "hello: ["
""",
}
