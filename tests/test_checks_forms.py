"""Programs as people write them: the right ones are taken, and their faults are named."""

from __future__ import annotations

import linecache
import sys
import types
from typing import Any

import pytest

import fallline as fl
from fallline.textbook.network import Network
from form_programs import FORMS, Form

_counter = iter(range(10**6))


def verdict(form: Form, text: str) -> Any:
    """The verdict on the program with that text."""
    module = types.ModuleType(f"forms_{next(_counter)}")
    filename = f"<{module.__name__}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    sys.modules[module.__name__] = module
    exec(compile(text, filename, "exec"), module.__dict__)
    function = module
    for part in form.function.split("."):
        function = getattr(function, part)
    return fl.check_gradient(function, Network.of(form.sizes, **form.settings))  # type: ignore[arg-type]


CASES = [(name, fault) for name, form in FORMS.items() for fault in form.faults]


@pytest.mark.parametrize("name", FORMS)
def test_right_programs_are_taken(name):
    form = FORMS[name]
    found = verdict(form, form.text)
    assert found.right, found.sentence


@pytest.mark.parametrize(("name", "fault"), CASES, ids=[f"{name}: {fault[1] or 'none'}" for name, fault in CASES])
def test_faults_are_named(name, fault):
    old, new, word = fault
    form = FORMS[name]
    assert form.text.count(old) >= 1
    found = verdict(form, form.text.replace(old, new))
    assert found.status == "wrong", found.sentence
    assert word in found.sentence
