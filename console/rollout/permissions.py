"""Degrees of automation: who may do what. One table, not five ways through the code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.rollout.plan import Degree


class Who(StrEnum):
    """Who acts."""

    PERSON = "person"
    PROGRAM = "program"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Permissions:
    """One row of the table: who goes on to the next step, who stops, who gives the candidate all requests.

    shows_verdicts  in "human only" they are worked out and logged, and not shown
    sentence        what the program does
    """

    advance: Who
    abort: Who
    promote: Who
    shows_verdicts: bool
    sentence: str


PERMISSIONS: dict[Degree, Permissions] = {
    Degree.HUMAN_ONLY: Permissions(
        Who.PERSON, Who.PERSON, Who.PERSON, False, "Shows charts and no verdicts; a person does all."),
    Degree.SHADOW_MODE: Permissions(
        Who.NOBODY, Who.NOBODY, Who.NOBODY, True,
        "The candidate answers copies of requests only; verdicts are logged and nobody acts on them."),
    Degree.AI_ASSISTANCE: Permissions(
        Who.PERSON, Who.PERSON, Who.PERSON, True,
        "Recommends, with reasons; a person decides, and whether the advice was taken is recorded."),
    Degree.PARTIAL: Permissions(
        Who.PROGRAM, Who.PROGRAM, Who.PERSON, True,
        "Goes on when gates pass and stops when one fails; a person gives the candidate all requests."),
    Degree.FULL: Permissions(
        Who.PROGRAM, Who.PROGRAM, Who.PROGRAM, True,
        "Goes on, stops and promotes by itself; a person can pause or abort at any time."),
}
