"""What each problem code means, for authors: the text behind ``fsm-engine explain CODE``."""

from __future__ import annotations

from collections.abc import Mapping

EXPLANATIONS: Mapping[str, str] = {}
