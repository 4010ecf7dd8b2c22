"""Made requests whose right answers are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from console.advice.labelled import Labelled, OutcomeKind

SHOCK_S, END_S = 100 * 3600.0, 200 * 3600.0


def made(n: int = 4000, *, seed: int = 1, flipped: tuple[float, float] = (SHOCK_S, END_S), wait_s: float = 600.0,
         **more: Any) -> Labelled:
    """Clicks that follow x. The model knows that, and between the two times of `flipped` it is the other way round."""
    rng = np.random.default_rng(seed)
    at = np.sort(np.floor(rng.uniform(0, END_S, n)))
    x, noise = rng.normal(size=(2, n))
    device = np.where(rng.random(n) < 0.5, "phone", "desktop").astype(object)
    turned = (at >= flipped[0]) & (at < flipped[1])
    chance = 1 / (1 + np.exp(-2 * np.where(turned, -x, x)))
    truth = (rng.random(n) < chance).astype(np.float64)
    nothing = np.full(n, np.nan)
    given: dict[str, Any] = {"shadow": nothing, "expression": nothing, "version": np.full(n, None, dtype=object),
                             "choice": nothing, **more}
    return Labelled(OutcomeKind.YES_NO, at, at + wait_s, truth, 1 / (1 + np.exp(-2 * x)),
                    inputs={"x": x, "noise": noise, "device": device}, **given)
