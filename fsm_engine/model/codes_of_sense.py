"""Problems that show when steps, conditions, texts and flows are seen together, explained to authors."""

from __future__ import annotations

from collections.abc import Mapping

SENSE_CODES: Mapping[str, str] = {
    "unknown-step": """\
A goto names a step that this flow does not have. Steps are called after their slot, action or flow, or as 'name:' says;
a step of another flow cannot be reached by goto.

Wrong: goto: ask_hieght       (the step is called ask_height)
Right: goto: ask_height
""",
    "unknown-slot": """\
A condition, a text or a list names a slot that no question or action of this flow, of its callers or of the flows that
it runs fills.

Wrong: say: "Hello, {nmae}!"
Right: say: "Hello, {name}!"
""",
    "unknown-flow": """\
A step, a digression or a transcript names a flow that the folder does not hold.

Wrong: run: gaols
Right: run: goals
""",
    "unknown-action": """\
A step calls a Python function that the program has not registered under this name. Correct the name, or ask your
programmers to register it.

Wrong: do: acounts.create
Right: do: accounts.create
""",
    "unknown-saying": """\
Under 'texts:' the bot file may replace the engine's own sayings, and this is none of them.
The message names the nearest.

Wrong: texts: {sory: "Pardon?"}
Right: texts: {sorry: "Pardon?"}
""",
    "unknown-risk-policy": """\
The bot file names a risk policy that the folder does not hold.

Wrong: risk: wellbeing
Right: risk: wellbeing_risk       (a file begins with 'risk: wellbeing_risk')
""",
    "risk-policy-unclear": """\
The folder holds several risk policies, and the bot file does not say which one counts.

Wrong: bot: demo
Right: bot: demo
       risk: wellbeing_risk
""",
    "unreachable-step": """\
No way leads to this step: every step before it goes somewhere else or ends the conversation.

Wrong: - end: Goodbye!
       - say: One more thing.
Right: - say: One more thing.
       - end: Goodbye!
""",
    "endless-circle": """\
A goto leads back, and no question lies between: the bot would say the same things again without listening.

Wrong: - say: Try again.
         name: again
       - say: Once more.
         goto: again
Right: - ask: answer
         type: text
         prompt: Try again.
       - say: Once more.
         goto: answer
""",
    "endless-run": """\
A flow runs another one that runs the first one again, and so on without end.

Wrong: flow 'goals' has 'run: worries', and flow 'worries' has 'run: goals'
Right: flow 'wellbeing' has 'run: goals' and then 'run: worries'
""",
    "too-tangled": """\
So many ways lead through this flow between two questions that the machine for it would be too large. Split the flow, or
put questions between the choices.

Wrong: hundreds of choose steps one after the other
Right: - run: second_part
""",
    "intent-taken": """\
Two flows start with the same intent, so it would be unclear which one to start.

Wrong: goals.yaml and plans.yaml both have 'intent: make_plan'
Right: goals.yaml has 'intent: set_goal'
""",
    "slot-type-differs": """\
A flow runs another one, and both have a slot of this name with different types. The answers of the inner flow come back
to the outer one, so one of the slots needs another name.

Wrong: age is a whole number here and a text in the flow that is run
Right: age is a whole number in both, or the text is called age_in_words
""",
    "default-never-used": """\
A default counts when a question is skipped or given up, and this question allows neither.

Wrong: - ask: confidence
         type: whole number 0..10
         prompt: How sure are you?
         default: 5
Right: the same with 'optional: true' or 'give_up: skip'
""",
    "missing-language": """\
The bot speaks several languages, and this text is not there in all of them. Users of the others get the text in the
bot's first language.

Wrong: say: Hello!
Right: say: {en: Hello!, es: "¡Hola!"}
""",
    "guard-unreadable": """\
A condition is not written as conditions are. They compare slots with values, texts stand in double quotes, and several
conditions are joined by 'and' or 'or'; 'not' turns one around.

Wrong: when: account type is savings
Right: when: account_type == "savings"
""",
    "guard-not-yes-or-no": """\
A condition must come out as true or false.

Wrong: when: age + 1
Right: when: age + 1 > 18
""",
    "guard-kinds": """\
Two things are compared or calculated with that are not of one kind, such as a number and a text.

Wrong: when: age > "18"
Right: when: age > 18
""",
    "guard-not-allowed": """\
Conditions can compare, use and, or, not, in, calculate with + - * / and call a few functions: count, has, today, lower,
length. Nothing else is possible in them.

Wrong: when: name.upper() == "AHMED"
Right: when: lower(name) == "ahmed"
""",
    "guard-too-large": """\
A condition is too long or nested too deeply to be understood. Split it over several steps.

Wrong: when: a == 1 or a == 2 or a == 3 … (hundreds of times)
Right: when: a in [1, 2, 3]
""",
    "unknown-function": """\
Conditions know the functions count, has, today, lower and length, and no others.

Wrong: when: size(people) > 1
Right: when: count(people) > 1
""",
    "text-brace": """\
In a text, braces hold the name of a slot. Write a brace twice to show it.

Wrong: say: "Use {} for a set."
Right: say: "Use {{}} for a set."
""",
    "unknown-format": """\
After the | in braces stands how a value is shown, and this is no such way. The message lists them.

Wrong: say: You pay {amount | dollars}.
Right: say: You pay {amount | money}.
""",
}
