"""An amount of money: ``{"amount": "1200.50", "currency": "USD"}``, the amount with the currency's own decimals."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from fsm_engine.model.slot import DoesNotFit, Fits, Json, Reading, ReadingContext, SeveralFit, SlotType
from fsm_engine.understanding.readers import bounds, doubt, reasons
from fsm_engine.understanding.readers.currencies import (
    CENTS,
    currency_in_region,
    decimals_of,
    named_currency,
)
from fsm_engine.understanding.readers.quantities import Message, Quantity, one_quantity
from fsm_engine.understanding.readers.wording import plain_spelling

_LARGEST = Decimal(10**15)
_NEAR_WORDS = 2
_ALTERNATIVE = frozenset({"or", "and", "to", "o", "u", "y", "a", "-"})
_PUNCTUATION = ",.;:!?()\"'"


def read(text: str, slot_type: SlotType, context: ReadingContext) -> Reading:
    """The amount, in the currency that the user names, else the type's, else the region's.

    Another currency than the type's does not fit: its bounds would mean nothing. Certain only with a currency named.
    """
    folded = plain_spelling(text)
    found = one_quantity(text, context, missing=reasons.NOT_MONEY, with_scales=True)
    if isinstance(found, DoesNotFit):
        return found
    message, quantities = found
    amounts = _amounts(message, quantities, slot_type, context)
    readings = [_kept(amount, slot_type) for amount in amounts]
    fitting = [reading for reading in readings if not isinstance(reading, DoesNotFit)]
    distinct = [value for index, value in enumerate(fitting) if value not in fitting[:index]]
    if len(distinct) > 1:
        return SeveralFit(tuple(distinct))
    if not distinct:
        return next(reading for reading in readings if isinstance(reading, DoesNotFit))
    is_sure = len(amounts) == 1 and amounts[0].is_named and amounts[0].is_sure
    return Fits(distinct[0], certain=is_sure and not doubt.is_hedged(folded))


class _Amount:
    """One amount as named: ``currency`` None where neither words, type nor region give one."""

    __slots__ = ("currency", "end", "is_cents", "is_named", "is_sure", "names_its_own", "start", "value")

    def __init__(self, message: Message, quantity: Quantity, slot_type: SlotType, context: ReadingContext) -> None:
        self.value = quantity.value
        self.start, self.end = quantity.start, quantity.end
        self.is_sure = quantity.is_sure
        after = [word.strip(_PUNCTUATION) for word in message.raw[quantity.end : quantity.end + _NEAR_WORDS]]
        before = [word.strip(_PUNCTUATION) for word in message.raw[max(0, quantity.start - 1) : quantity.start]]
        self.is_cents = bool(after) and after[0] in CENTS
        region = slot_type.region or context.region
        own = named_currency((quantity.unit,), (), after, region, slot_type.currency)
        named = own or named_currency((), before, (), region, slot_type.currency)
        self.names_its_own = own is not None or self.is_cents
        self.is_named = named is not None or self.is_cents
        self.currency = named or slot_type.currency or currency_in_region(region)
        if self.is_cents:
            self.value /= 100
        elif not quantity.is_sure and self.currency is not None:
            self._regroup()

    def _regroup(self) -> None:
        """ "$1.200" has no third decimal to give: it is 1200, whatever the locale's marks are."""
        assert self.currency is not None
        exponent = self.value.as_tuple().exponent
        if exponent == -3 and decimals_of(self.currency) < 3:
            self.value *= 1000
            self.is_sure = True


def _amounts(
    message: Message, quantities: tuple[Quantity, ...], slot_type: SlotType, context: ReadingContext
) -> list[_Amount]:
    """The amounts of a message; "20 dollars and 50 cents" is one. Where some name a currency, bare numbers are none."""
    all_ = [_Amount(message, quantity, slot_type, context) for quantity in quantities]
    joined: list[_Amount] = []
    for amount in all_:
        if joined and _is_small_change(message, joined[-1], amount):
            joined[-1].value += amount.value if amount.is_cents else amount.value / 100
            continue
        joined.append(amount)
    for amount, next_one in pairwise(joined):
        if not amount.is_named and _are_alternatives(message, amount, next_one):
            amount.currency, amount.is_named = next_one.currency, next_one.is_named
    named = [amount for amount in joined if amount.is_named]
    return named or joined


def _are_alternatives(message: Message, one: _Amount, other: _Amount) -> bool:
    """ "50 or 100 dollars": the currency of the second is that of the first."""
    return not other.is_cents and _ALTERNATIVE.issuperset(message.words[one.end : other.start])


def _is_small_change(message: Message, whole: _Amount, part: _Amount) -> bool:
    if not whole.is_named or whole.is_cents or whole.value != whole.value.to_integral_value():
        return False
    between = message.words[whole.end : part.start]
    if part.is_cents:
        return len(between) <= 2 and part.value < 1
    is_joined = len(between) == 1 or (len(between) == 2 and between[1] in {"with", "con"})
    return is_joined and not part.names_its_own and 1 <= part.value < 100 and not message.ends_clause[part.start - 1]


def _kept(amount: _Amount, slot_type: SlotType) -> Json | DoesNotFit:
    if amount.currency is None:
        return DoesNotFit(reasons.NO_CURRENCY)
    if slot_type.currency is not None and amount.currency != slot_type.currency:
        return DoesNotFit(reasons.WRONG_CURRENCY)
    problem = _size_problem(amount.value, slot_type)
    if problem is not None:
        return DoesNotFit(problem)
    decimals = decimals_of(amount.currency)
    scaled = amount.value * 10**decimals
    if scaled != scaled.to_integral_value():
        return DoesNotFit(reasons.TOO_PRECISE)
    return {"amount": f"{amount.value:.{decimals}f}", "currency": amount.currency}


def _size_problem(value: Decimal, slot_type: SlotType) -> str | None:
    """As the bounds say; without a lower one, no amount is below zero."""
    problem = bounds.number_problem(value, slot_type)
    if problem is None and value < 0 and slot_type.low is None:
        return reasons.TOO_SMALL
    return reasons.TOO_BIG if problem is None and abs(value) >= _LARGEST else problem
