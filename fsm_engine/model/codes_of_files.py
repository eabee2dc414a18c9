"""Problems of files and folders as wholes, explained to authors."""

from __future__ import annotations

from collections.abc import Mapping

FILE_CODES: Mapping[str, str] = {
    "folder-missing": """\
The folder or file that the program was told to read does not exist. Names are looked up from the folder in which the
program was started, so a name that worked elsewhere may not work here.

Wrong: fsm-engine check flow          (the folder is called flows)
Right: fsm-engine check flows
""",
    "no-flows": """\
The folder was read, and no file in it holds a flow. A flow is a file that ends in .yaml or .yml and begins with
'flow:'. Files and folders whose names start with a dot are not looked at.

Wrong: flows/hello.txt
Right: flows/hello.yaml, which begins with 'flow: hello'
""",
    "unreadable-file": """\
The file or folder exists, but the program may not read it, or the disk reports an error.

Wrong: -rw------- root   flows/hello.yaml     (run by another user)
Right: -rw-r--r-- root   flows/hello.yaml
""",
    "not-a-file": """\
Something in the folder is called like a flow file and is none: a folder, a pipe or a device. Rename or delete it.

Wrong: a folder that is called flows/hello.yaml/
Right: a folder that is called flows/hello/
""",
    "bad-link": """\
A link in the folder leads out of it, to another folder, or nowhere. Such links are never followed, so that a folder of
flows can read nothing but itself. Copy the files into the folder instead. Links to files inside the folder are fine.

Wrong: flows/shared.yaml -> ../../elsewhere/shared.yaml
Right: flows/shared.yaml, a file of its own
""",
    "too-many-files": """\
The folder holds more than 5,000 flow files. Make two bots of it, or check that it is the right folder.

Wrong: fsm-engine check /
Right: fsm-engine check flows
""",
    "file-too-large": """\
A file may have 1 MiB. Split a long flow into several and call them with 'run:'.

Wrong: one file with all conversations of a company
Right: one file for each conversation
""",
    "not-utf8": """\
The file is not UTF-8 text: it was saved in another encoding (often Windows-1252 or UTF-16), or it is no text at all.
In your editor choose "Save with encoding: UTF-8".

Wrong: a file saved as "ANSI" or "Unicode (UTF-16)"
Right: a file saved as "UTF-8"
""",
    "empty-file": """\
The file holds nothing, or only comments. Delete it, or begin it with what it is.

Wrong: # nothing yet
Right: flow: hello
""",
    "unknown-file-kind": """\
The first word of a file says what it holds: a flow, the bot, a risk policy or a transcript.

Wrong: title: Open an account
       flow: create_account
Right: flow: create_account
       title: Open an account
""",
    "kind-not-first": """\
Files and steps begin with what they are, so that a reader sees it first. Move that line up.

Wrong: - when: age > 17
         say: You can vote.
Right: - say: You can vote.
         when: age > 17
""",
    "duplicate-name": """\
Two files of one kind have the same name, so nobody could tell which one is meant. Rename one, or delete it. The message
tells where the first one stands.

Wrong: goals.yaml and old_goals.yaml both begin with 'flow: goals'
Right: one of them begins with 'flow: old_goals'
""",
    "several-bots": """\
A folder is one bot, so it has at most one file that begins with 'bot:'. Join the files, or move one to another folder.

Wrong: bot.yaml and bot_new.yaml, both beginning with 'bot:'
Right: bot.yaml alone
""",
    "too-many-problems": """\
So much is wrong with this file that reading on would help nobody. Mend what is listed; the rest shows in the next run.

Wrong: a file of some other kind that was renamed to .yaml
Right: a file that holds a flow
""",
}
