"""What the engine says in English; `sayings` tells when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ENGLISH: Final[Mapping[str, tuple[str, ...]]] = {
    "opening": ("Hello! What can I do for you?", "Hello! How can I help?"),
    "fallback": ("Sorry, I did not understand that. Could you say it in other words?",),
    "which_flow": ("Which of these would you like: {options}?",),
    "completed": ("That is all. Thank you!", "All done. Thank you!"),
    "welcome_back": ("Welcome back. We were talking about {flow}.",),
    "welcome_back_offer": ("Shall we go on where we stopped, or start again?",),
    "flow_changed": ("Some of my questions have changed since we last talked, so I need to ask a few things again.",),
    "again": ("Sorry, I did not get that.", "Sorry, I did not quite understand.", "I am not sure I got that right."),
    "again_empty": ("Your message came through empty.", "I got a message without any words in it."),
    "again_unsure": ("That is all right, take your time.", "No hurry. Your best guess is fine."),
    "again_refused": ("All right, not that one. What should it be?",),
    "again_too_long": ("That is a bit long. Please use at most {maximum} characters.",),
    "again_too_short": ("That is a bit short. Please use at least {minimum} characters.",),
    "again_no_match": ("That does not look quite right.",),
    "again_not_a_name": ("I did not find a name in that.", "Sorry, I could not tell which part is the name."),
    "again_not_an_email": ("That does not look like an e-mail address. It should look like name@example.com.",),
    "again_not_a_phone": ("That does not look like a phone number.",),
    "again_no_country_code": ("Please add the country code, for example +1 or +44.",),
    "again_not_a_url": ("That does not look like a web address. It should look like https://example.com.",),
    "again_not_a_number": ("I did not find a number in that.", "Sorry, I need a number here."),
    "again_not_whole": ("Please use a whole number, without a fraction.",),
    "again_too_precise": ("That has more digits than I can keep. Please round it a little.",),
    "again_too_small": ("That is too low. It should be at least {minimum}.",),
    "again_too_big": ("That is too high. It should be at most {maximum}.",),
    "again_not_money": ("I did not find an amount of money in that. For example, you can say $25.",),
    "again_no_currency": ("Which currency is that? For example, dollars or euros.",),
    "again_wrong_currency": ("Please give the amount in {currency}.",),
    "again_not_a_date": ('I did not find a day in that. For example, you can say "tomorrow" or "May 3".',),
    "again_not_a_time": ('I did not find a time in that. For example, you can say "half past five" or "17:30".',),
    "again_not_a_duration": ('How long is that? For example, you can say "20 minutes" or "two weeks".',),
    "again_too_early": ("That is too early. The first possible day is {minimum}.",),
    "again_too_late": ("That is too late. The last possible day is {maximum}.",),
    "again_not_yes_or_no": ("Sorry, was that a yes or a no?", "Please answer yes or no."),
    "again_unknown_option": ("Please choose one of {options}.", "I do not have that one. You can choose {options}."),
    "again_too_few": ("That is not enough yet. I need at least {minimum}.",),
    "again_too_many": ("That is too many. I can take at most {maximum}.",),
    "again_not_a_country": ("I do not know that country. What is its usual name?",),
    "again_not_a_language": ("I do not know that language. What is its usual name?",),
    "again_not_a_postcode": ("That does not look like a postcode.",),
    "again_not_an_iban": ("That IBAN does not look right. Could you check the digits?",),
    "again_not_a_card_number": ("That card number does not look right. Could you check the digits?",),
    "again_confirm": ('Please say yes or no, or tell me what to change, for example "change my name".',),
    "which_one": ("Did you mean {options}?", "Which one did you mean: {options}?"),
    "option_yes": ("Yes",),
    "option_no": ("No",),
    "option_continue": ("Go on",),
    "option_restart": ("Start again",),
    "option_human": ("Talk to a person",),
    "option_skip": ("Skip",),
    "help_generic": (
        'You can answer in your own words. You can also say "repeat", "back", "skip" or "cancel" at any time.',
    ),
    "help_offer_human": ('I am sorry, this is not going well. Say "human" if you would rather talk to a person.',),
    "repeat_lead": ("Of course.", "Sure, here it is again."),
    "nothing_to_go_back_to": ("This is the first question, so there is nothing to go back to.",),
    "back_done": ("All right, one step back.", "Sure, let's go back one question."),
    "cannot_skip": ("I am sorry, I need an answer to this one to go on.",),
    "skipped": ("No problem, we leave that out.", "That is fine, let's move on."),
    "cancel_really": (
        'Do you really want to stop? Your answers for "{flow}" would be lost.',
        'Shall I really stop "{flow}"? What you told me so far would be lost.',
    ),
    "cancel_kept": ("Good, let's go on.", "All right, we go on."),
    "cancelled": ("All right, I have stopped.", "Done, that is cancelled."),
    "nothing_to_cancel": ("There is nothing to cancel at the moment.",),
    "restart_really": ('Do you really want to start again? Your answers for "{flow}" would be lost.',),
    "restarted": ("All right, from the beginning.", "Sure, let's start again."),
    "handoff": ("I am passing you on to a person now. They can see what we have talked about.",),
    "give_up_handoff": ("I am sorry, I cannot work this out. I am passing you on to a person who can help.",),
    "give_up_skip": ("Never mind, we leave that one out.",),
    "give_up_cancel": ("I am sorry, I cannot go on without that, so I have to stop here. You can try again any time.",),
    "no_more_attempts": ("I am sorry that I could not understand your answer.",),
    "too_long": (
        "That message is too long for me: at most {limit} characters. Could you say it more briefly, or in parts?",
    ),
    "nothing_said_yet": ("You have not told me anything yet.",),
    "said_so_far": ("So far you told me:\n{answers}",),
    "which_to_change": ("Which answer would you like to change: {options}?",),
    "nothing_to_change": ("There is no answer to change yet.",),
    "new_answer": ("Sure, let's change {slot}.", "No problem, let's put {slot} right."),
    "noted": ("I also noted: {answers}.", "Thanks, I also have {answers} now."),
    "changed": ("Thanks, I changed {slot}.", "Done, I changed {slot}."),
    "back_to_question": ("Now, back to the question.", "So, once more:"),
    "digression_bridge": ("Back to where we were.", "Now, back to what we were doing."),
    "digression_too_deep": ("Let's finish this first, please. Then we can get to that.",),
    "ask_more": ("Is there another one?", "Would you like to add another one?"),
    "at_least_more": ("I need at least {minimum}, so please tell me one more.",),
    "at_most_reached": ("Thank you. That makes {maximum}, which is as many as I can note down.",),
    "action_waiting": ("This is taking a moment. I will tell you as soon as it is done.",),
    "action_busy": ("I am still working on it. One moment, please.",),
    "action_failed": ("I am sorry, that did not work.",),
    "action_rejected": ("I am sorry, that is not possible.",),
    "action_try_later": ("I am sorry, I cannot do that at the moment. Please try again later.",),
    "action_later": (
        "I am not sure whether that went through. A person will check it, so please do not try it twice.",
    ),
    "undone": ("What I had already done for you is taken back.",),
    "undo_stuck": (
        "I could not take back everything that I had already done for you. A person will look at it, so please do not "
        "try it twice.",
    ),
    "check_unavailable": ("I cannot check that at the moment. Please try again in a little while.",),
    "apology": ("I am sorry, something went wrong on my side. Please send that again.",),
    "risk_limits": (
        "I am a computer program and not a crisis service. If you are in danger, please call your local emergency "
        "number (911 in the US, 999 in the UK, 112 in Europe).",
    ),
    "risk_resources_lead": (
        "You do not have to face this alone. Here you can talk to someone, for free and in confidence:",
    ),
    "risk_resource": ("{name}: {contact}",),
    "risk_resource_hours": ("{name}: {contact} ({hours})",),
    "risk_trusted_people": (
        "It can also help to be with somebody you trust: a friend, someone in your family, a teacher or a doctor.",
    ),
    "risk_reminder": ("The people that I told you about are still there for you, whenever you want to talk to them.",),
    "risk_check_in": ("Before we go on: are you safe right now?",),
    "risk_thanks_safe": (
        "Thank you for telling me. If that changes, please reach out to one of these people or to somebody you trust, "
        "at any time. We can go on whenever you like.",
    ),
    "risk_stay": (
        "I am glad that you are telling me. Please call your local emergency number now (911 in the US, 999 in the UK, "
        "112 in Europe), or ask somebody near you to do it. If you can, go where other people are, and move away from "
        "anything that could hurt you. I am still here: tell me when you are safe.",
    ),
    "risk_not_cleared": (
        "I could not read your message as carefully as I would like to. If things are hard for you at the moment, "
        "there are people who will listen.",
    ),
    "risk_for_someone_else": (
        "It is good of you to look out for them. You can ask them openly how they are, listen, and stay with them. "
        "If they are in danger now, please call your local emergency number. These people can also tell you how to "
        "help:",
    ),
}
