"""What the node says of its own accord: packets of the mesh, and its own telemetry."""

import math
import random
from dataclasses import dataclass

HOUR_S = 3_600.0


@dataclass(frozen=True)
class MeshTraits:
    """How busy a mesh is. ``gap_s``: the mean time between packets by day."""

    gap_s: float = 20.0
    night_factor: float = 2.5
    """By how much rarer packets are from midnight to six."""
    telemetry_s: float | None = 60.0
    """How often the node tells its client how it is; None for firmware that does not."""


BUSY = MeshTraits(gap_s=2.0)
NORMAL = MeshTraits()
QUIET = MeshTraits(gap_s=900.0, telemetry_s=1_800.0)


class Traffic:
    """The times at which a client of the node gets something. Only ever asked forwards."""

    def __init__(self, rng: random.Random, traits: MeshTraits, base_hour: float) -> None:
        """Begin at second zero, which is ``base_hour`` of the day."""
        self._rng = rng
        self._traits = traits
        self._base_hour = base_hour
        self._means_s = [
            traits.gap_s * (traits.night_factor if hour < 6 else 1.0) for hour in range(24)
        ]
        self._packet_s = 0.0
        self._telemetry_s = math.inf

    @property
    def next_s(self) -> float:
        """When the next comes."""
        return min(self._packet_s, self._telemetry_s)

    def telemetry_after(self, at_s: float) -> float:
        """Return when the node first tells how it is after a time."""
        next_s = self._telemetry_s
        while next_s < at_s and self._traits.telemetry_s:
            next_s += self._traits.telemetry_s
        return next_s

    def restart(self, now_s: float) -> None:
        """A client is there from now on."""
        self._packet_s = now_s + self._gap(now_s)
        every_s = self._traits.telemetry_s
        self._telemetry_s = now_s + self._rng.uniform(0, every_s) if every_s else math.inf

    def skip_to(self, now_s: float) -> None:
        """What was due until now has come in one piece."""
        if self._packet_s <= now_s:
            self._packet_s = now_s + self._gap(now_s)
        if self._telemetry_s <= now_s and self._traits.telemetry_s:
            behind_s = now_s - self._telemetry_s
            self._telemetry_s += self._traits.telemetry_s * (
                behind_s // self._traits.telemetry_s + 1
            )

    def last_until(self, now_s: float, heard_s: float) -> float:
        """Return when the last thing came until now; ``heard_s`` if nothing did."""
        while self.next_s <= now_s:
            heard_s = self.next_s
            self._step(heard_s)
        return heard_s

    def questions_until(
        self, now_s: float, heard_s: float, sent_s: float, limits_s: tuple[float, float]
    ) -> tuple[float, float, int]:
        """Play a healthy link until now, on which each question is answered at once.

        ``limits_s``: the silence after which the node is asked, and the longest time that it may
        not hear from us. Return the last byte, the last question and how many there were.
        """
        silence_s, keepalive_s = limits_s
        questions = 0
        while True:
            due_s = min(heard_s + silence_s, sent_s + keepalive_s)
            next_s = min(self._packet_s, self._telemetry_s)
            if next_s <= due_s:
                if next_s > now_s:
                    break
                heard_s = next_s
                self._step(next_s)
            elif due_s >= now_s:
                break
            else:
                sent_s = due_s
                heard_s = due_s + ANSWER_S
                questions += 1
        return heard_s, sent_s, questions

    def _step(self, at_s: float) -> None:
        if self._packet_s <= at_s:
            self._packet_s = at_s + self._gap(at_s)
        if self._telemetry_s <= at_s and self._traits.telemetry_s:
            self._telemetry_s += self._traits.telemetry_s

    def _gap(self, at_s: float) -> float:
        mean_s = self._means_s[int(at_s / HOUR_S + self._base_hour) % 24]
        return -math.log(1.0 - self._rng.random()) * mean_s  # exponential; a week has many


ANSWER_S = 0.02
"""How long a question and its answer travel."""
