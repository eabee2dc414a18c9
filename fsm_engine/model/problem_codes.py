"""What each problem code means, for authors: the text behind ``fsm-engine explain CODE``."""

from __future__ import annotations

from collections.abc import Mapping

from fsm_engine.model.codes_of_checks import CHECK_CODES
from fsm_engine.model.codes_of_files import FILE_CODES
from fsm_engine.model.codes_of_shapes import SHAPE_CODES
from fsm_engine.model.codes_of_yaml import YAML_CODES

EXPLANATIONS: Mapping[str, str] = {**FILE_CODES, **YAML_CODES, **SHAPE_CODES, **CHECK_CODES}
