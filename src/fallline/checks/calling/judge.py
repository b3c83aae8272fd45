"""The judge of interpretations: whether their numbers are the textbook's, or those of the user's own losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.calling.meant import in_form, networks_meant
from fallline.checks.calling.own_losses import CallLoss, losses_of
from fallline.checks.calling.point import Form, Point
from fallline.checks.calling.understood import Understood, stacked
from fallline.checks.reference.comparison import TOLERANCE, compare, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.checks.reference.own_derivatives import is_gradient_of
from fallline.textbook import network as pages
from fallline.textbook.network import Parameters

__all__ = ["SINGLE", "Judge"]

SINGLE = 2e-5
"""Tolerance for results in single precision."""

NEAR_LOSS = 1e-6
"""A relative difference of losses that a small number inside a logarithm can make."""


class Judge:
    """Compares an interpretation with the textbook and with the user's own losses, on the first draw."""

    def __init__(self, group: Group, tolerance: float | None, loss: Callable[..., Any] | None) -> None:
        self.loss = loss
        self.first = replace(group, w=group.w[:1], X=group.X[:1], T=group.T[:1])
        self.asked = tolerance
        self.networks = list(networks_meant(group.network))
        self.right: dict[bool, list[list[tuple[Parameters, ...]]]] = {}
        self.losses: dict[Any, tuple[CallLoss, ...]] = {}
        self.suited = False

    def group(self, form: Form) -> Group:
        """The first draw in that form."""
        return in_form(self.first, form)

    def point(self, form: Form) -> Point:
        """The first draw in that form, as a point."""
        group = self.group(form)
        return Point(group.network, group.w[0], group.X[0], group.T[0])

    def _right(self, form: Form) -> list[list[tuple[Parameters, ...]]]:
        """For each network that may be meant, the right numbers in each convention."""
        group = self.group(form)
        changed = group is not self.first
        if changed not in self.right:
            self.right[changed] = [
                [right_numbers([replace(group, network=network)], c) for c in conventions(network)]
                for _, network in self.networks
            ]
        return self.right[changed]

    def __call__(self, candidate: Understood) -> Understood:
        form, gradient = candidate.call.form, candidate.returned.gradient
        numbers: list[Parameters] = [stacked([gradient])]
        limit = self.asked or (SINGLE if candidate.returned.single else TOLERANCE)
        best, meant = 0, self.networks[0]
        blocks = []
        for network, in_conventions in zip(self.networks, self._right(form), strict=True):
            for right in in_conventions:
                with np.errstate(all="ignore"):
                    blocks = compare([self.group(form)], numbers, right, limit)
                agreeing = sum(b.agrees for b in blocks)
                if agreeing > best:
                    best, meant = agreeing, network
        fits = best == len(blocks)
        point = self.point(form)
        losses = self._losses(candidate, point)
        known = any(self._is_textbook(loss, point) for loss in losses)
        if losses and not candidate.returned.broken and (known or best or not self.suited):
            right_for = [is_gradient_of(loss, point.network, gradient, point.w, point.X, point.T) for loss in losses]
            fits |= any(right_for)
            losses = tuple(
                loss for _, loss in sorted(zip(right_for, losses, strict=True), key=lambda pair: not pair[0])
            )
        self.suited |= fits
        words, network_meant = meant
        return replace(
            candidate, right=best, fits=fits, losses=losses, known=known, meant=words, network=network_meant
        )  # fmt: skip

    def _losses(self, candidate: Understood, point: Point) -> tuple[CallLoss, ...]:
        """The losses of the call, found once for each place where it may return one."""
        call = candidate.call
        key = id(call), candidate.loss
        if key not in self.losses:
            kept = {k: losses for k, losses in self.losses.items() if k[0] == id(call)}  # ids of calls are used again
            self.losses = {**kept, key: tuple(losses_of(call, candidate.loss, point, self.loss))}
        return self.losses[key]

    def _is_textbook(self, loss: CallLoss, point: Point) -> bool:
        """Whether the loss has the textbook's value here, in any convention."""
        network, group = self.first.network, self.first
        try:
            value = abs(loss.value(point.w, point.X, point.T))
        except MisbehaviourError:
            return False
        data = float(pages.loss_and_gradient(network, point.parameters, point.X, point.T, group.factor)[0])
        penalty = float(pages.penalty(network, point.parameters, network.l2)[0]) if network.l2 else 0.0
        strengths = {p * q for p in (0, 1, 2) for q in (1, 1 / group.samples)} if penalty else {0}
        factors = {abs(c.data(group)) for c in conventions(network)}
        wanted = [f * data + p * penalty for f in factors for p in strengths]
        if any(abs(value - w) <= NEAR_LOSS * w for w in wanted):
            return True
        return self._has_penalty(loss, point, value, {f: f * data for f in factors})

    def _has_penalty(self, loss: CallLoss, point: Point, value: float, data: dict[float, float]) -> bool:
        """Whether the loss is the textbook's with a penalty of another strength, at half of the weights too."""
        network, group = self.first.network, self.first
        halved = Point(network, point.w / 2, point.X, point.T)
        at_half = float(pages.loss_and_gradient(network, halved.parameters, point.X, point.T, group.factor)[0])
        try:
            wanted = abs(loss.value(halved.w, point.X, point.T))
        except MisbehaviourError:
            return False
        return any(
            value - d > NEAR_LOSS * d and abs(wanted - f * at_half - (value - d) / 4) <= NEAR_LOSS * wanted
            for f, d in data.items()
        )
