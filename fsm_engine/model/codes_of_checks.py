"""Problems that show when names, conditions and flows are put together, explained to authors."""

from __future__ import annotations

from collections.abc import Mapping

CHECK_CODES: Mapping[str, str] = {
    "unknown-step": """\
A `goto` names a step that this flow does not have. A step is called by its slot, or by its `name:`.

Wrong: goto: ask_hieght
Right: goto: height
""",
    "unknown-slot": """\
A condition or a text names a slot that this flow cannot see. It sees its own slots, those of flows that it runs, and
those of flows that run it.

Wrong: when: acount_type == "savings"
Right: when: account_type == "savings"
""",
    "migration-gap": """\
A migration leads from its version to the next one that the file declares, the last one to the version of the file. No
migration comes from a version in between, so conversations that stand there stay on it. Where there never was such a
version, or they shall stay, all is well.

Wrong: version: 4
       migrate:
         - from: 1
         - from: 3
Right: version: 4
       migrate:
         - from: 1
         - from: 2
         - from: 3
""",
    "migration-no-place": """\
Conversations wait at questions. A migration moves them to a step that says something and goes on, where none can wait.

Wrong: move_steps: {goal_when: say 3}
Right: move_steps: {goal_when: due}
""",
    "reminder-not-a-time": """\
A reminder is due at a time, and this slot holds something else. Its type must be date, or date and time.

Wrong: remind: goal
Right: remind: due
""",
    "reminder-past": """\
A reminder stands at a fixed time that has passed, so it reminds nobody any more. Move it, or take the step out.

Wrong: remind: 2020-01-01
Right: remind: due
""",
    "unknown-flow": """\
There is no flow of that name in the folder. The name is what stands behind `flow:` in the file, not the file's name.

Wrong: - run: goal
Right: - run: goals
""",
    "unknown-action": """\
A step calls a Python function that the bot has not registered. Check the spelling, or ask the developer to register it.

Wrong: - do: account.create
Right: - do: accounts.create
""",
    "missing-extra": """\
The bot file asks for something that needs a library which is not installed. The message says which command installs it.

Wrong: intents: ml              (without scikit-learn)
Right: intents: rule_based      (or: pip install 'fsm_engine[ml]')
""",
    "too-many-intents": """\
There are more intents or phrases than can be learned in reasonable time. The rules have no such limit.

Wrong: intents: ml              (with 300 flows that have phrases)
Right: intents: rule_based
""",
    "unknown-hook": """\
The risk policy names a Python hook that the bot has not registered. Check the spelling, or ask the developer.

Wrong: - hook: mymodel
Right: - hook: my_model
""",
    "unknown-lexicon": """\
The risk policy names a lexicon that does not ship, or adds phrases to a category that it does not have.

Wrong: - phrases: crisiss
Right: - phrases: crisis
""",
    "unknown-risk-policy": """\
The bot file names a risk policy that no file of the folder holds.

Wrong: risk: wellbeing
Right: risk: wellbeing_risk
""",
    "risk-policy-unclear": """\
The folder holds several risk policies and the bot file does not say which one counts.

Wrong: bot: demo
Right: bot: demo
       risk: wellbeing_risk
""",
    "unknown-type": """\
There is no type of answer with this name. A type of the bot's own must be registered by its program, and named to the
commands that check and run its flows: --actions module:registry.

Wrong: type: mail address
Right: type: email
""",
    "unknown-saying": """\
`texts:` of the bot file replaces what the engine itself says, by name, and there is no such name.

Wrong: texts: {to_long: Too long!}
Right: texts: {too_long: Too long!}
""",
    "unknown-format": """\
Behind the bar in a placeholder stands how a value is to be written, and this way is not known.

Wrong: say: It costs {price | dollars}.
Right: say: It costs {price | money}.
""",
    "unknown-function": """\
Conditions know only: count(x), has(x), length(x), lower(x) and today().

Wrong: when: len(people) > 2
Right: when: count(people) > 2
""",
    "text-brace": """\
A brace in a text opens a placeholder and must be closed. To show a brace, write it twice.

Wrong: say: Hello {name!
Right: say: Hello {name}!
""",
    "guard-unreadable": """\
A condition cannot be read. Compare with ==, join with and, or, not, and put texts in quotes.

Wrong: when: account_type = savings
Right: when: account_type == "savings"
""",
    "guard-not-allowed": """\
A condition uses something that conditions do not have. They compare, calculate with + - * / and join with and, or, not.

Wrong: when: name.upper() == "AHMED"
Right: when: lower(name) == "ahmed"
""",
    "guard-not-yes-or-no": """\
A condition must be true or false, and this one gives something else.

Wrong: when: count(people)
Right: when: count(people) > 0
""",
    "guard-kinds": """\
A condition puts together things that cannot go together, such as a text and a number.

Wrong: when: age > "18"
Right: when: age > 18
""",
    "guard-too-large": """\
A condition is too long or has too many parts to be understood by a reader. Split it over several steps.

Wrong: when: a == 1 or a == 2 or a == 3 or a == 4 (and a hundred more)
Right: when: a >= 1 and a <= 104
""",
    "too-tangled": """\
A flow has so many possible ways that it cannot be followed. Split it into several flows and call them with run:.

Wrong: one flow with a thousand questions that can all be skipped
Right: - run: first_part
       - run: second_part
""",
    "unreachable-step": """\
No way leads to this step: everything before it goes somewhere else.

Wrong: - say: Hello!
         goto: goodbye
       - say: Nobody will ever read this.
Right: - say: Hello!
       - say: How are you?
""",
    "endless-circle": """\
A step goes back to an earlier one and no question lies between, so the bot would talk without listening.

Wrong: - say: Again!
         name: again
       - say: And again!
         goto: again
Right: - ask: ready
         type: yes or no
         prompt: Are you ready?
""",
    "endless-run": """\
A flow runs a flow that runs the first one again, without an end.

Wrong: flow a has `- run: b`, and flow b has `- run: a`
Right: flow a has `- run: b`, and flow b ends by itself
""",
    "slot-type-differs": """\
A flow and a flow that it runs both have a slot of this name, with different types. The answers of a flow that was run
come back to the one that ran it, so one name must mean one thing.

Wrong: `age` is a whole number here and a text there
Right: `age` here and `age_in_words` there
""",
    "intent-taken": """\
Two flows start with the same intent, so the bot could not tell which one is meant.

Wrong: start: {intent: help_me, phrases: [a]} in two flows
Right: start: {intent: help_with_goals, phrases: [a]} in one of them
""",
    "missing-language": """\
The bot speaks several languages and this text is not there in all of them. Users of the other language get the first.

Wrong: prompt: What is your name?
Right: prompt: {en: What is your name?, es: ¿Cómo te llamas?}
""",
    "default-never-used": """\
A default counts when a question is skipped or given up, and this question can be neither.

Wrong: default: 5
Right: default: 5
       optional: true
""",
}
