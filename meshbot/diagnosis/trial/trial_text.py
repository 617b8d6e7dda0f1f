"""A trial in words: the report's section, the clause of ``/tcp``, the bot's own lines. Pure."""

from dataclasses import dataclass

from meshbot.diagnosis.trial.evidence import ALPHA, EXCLUDED, Result
from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.text.quantities import counted, decimal_text, duration_text


@dataclass(frozen=True)
class _Words:
    """How what is on trial is called. ``ended``: by the result, what it means and what is done."""

    name: str
    short: str
    verb: str
    ended: dict[Result, str]


_WORDS = {
    TrialKind.SYNC: _Words(
        "la synchronisation",
        "sync",
        "la synchronisation couperait",
        {
            Result.GUILTY: "la synchronisation coupe la liaison ; elle est désormais sautée quand "
            "la liaison revient, et le cycle périodique apporte les clés",
            Result.INNOCENT: "la synchronisation est hors de cause ; elle a désormais lieu chaque "
            "fois que la liaison revient",
            Result.NO_EFFECT_SEEN: "sans effet visible ; les constantes s'appliquent de nouveau",
        },
    ),
    TrialKind.LIGHT: _Words(
        "la base du nœud",
        "base",
        "l'envoi de la base couperait",
        {
            Result.GUILTY: "l'envoi de la base du nœud coupe la liaison ; elle n'est plus demandée "
            "quand la liaison revient",
            Result.INNOCENT: "l'envoi de la base du nœud est hors de cause ; TCP_LIGHT_RECONNECT "
            "s'applique de nouveau",
            Result.NO_EFFECT_SEEN: "sans effet visible ; les constantes s'appliquent de nouveau",
        },
    ),
}
_SHORT_RESULTS = {
    None: "",
    Result.GUILTY: " en cause",
    Result.INNOCENT: " hors de cause",
    Result.NO_EFFECT_SEEN: " sans effet visible",
}


def toss_line(kind: TrialKind, state: TrialState | None, *, suspect: bool) -> str:
    """Return the bot's line about a toss; ``state`` is what was known before it."""
    arm = "avec" if suspect else "sans"
    name = _WORDS[kind].name
    return f"🧪 Essai {kind.constant} : cette fois {arm} {name} ({_so_far_text(state)})"


def course_line(kind: TrialKind, state: TrialState | None) -> str:
    """Return the bot's line about a trial that goes on, at its start."""
    return (
        f"🧪 Essai {kind.constant} en cours : une pièce décide chaque fois que la liaison revient "
        f"({_so_far_text(state)})"
    )


def end_line(state: TrialState) -> str:
    """Return the bot's line about the end of a trial, or about one that had ended."""
    if state.result is None:
        return ""
    return (
        f"🧪 Essai {state.kind.constant} terminé : {_WORDS[state.kind].ended[state.result]} "
        f"({_losses_text(state)})"
    )


def trial_lines(state: TrialState | None) -> list[str]:
    """Return the report's section about a trial; nothing where there is none."""
    if state is None:
        return []
    lines = (f"  – {line}" for line in trial_reasons(state))
    return ["", "Essai", f"  {status_text(state)}", *lines]


def trial_reasons(state: TrialState) -> list[str]:
    """Return what a trial shows so far: its two arms, chance, what it can see by now."""
    words = _WORDS[state.kind]
    lines = [
        f"{counted(state.tosses_with, 'reconnexion', 'reconnexions')} avec {words.name}, dont "
        f"{counted(state.counts.lost_with, 'perdue', 'perdues')} dans les "
        f"{_window_text(state)} ; {state.tosses_without} sans, dont "
        f"{counted(state.counts.lost_without, 'perdue', 'perdues')}",
        _chance_text(state),
        _power_text(state),
    ]
    if state.voids:
        lines.append(
            f"{counted(state.voids, 'tirage ne compte', 'tirages ne comptent')} pas : liaison "
            "perdue trop tôt, ou pas observée jusqu'au bout"
        )
    return lines


def trial_clause(state: TrialState | None) -> str:
    """Return how far a trial is, short enough for the mesh; nothing where there is none."""
    if state is None or not state.running:
        return ""
    counts = state.counts
    visible = state.visible_effect
    seen = "" if state.result is not None else ", rien de visible encore"
    if visible is not None and state.result is None:
        seen = f", vu dès {visible * 100:.0f} %"
    return (
        f"Essai {_WORDS[state.kind].short}{_SHORT_RESULTS[state.result]} : "
        f"{counts.lost_with}/{state.tosses_with} perdues avec, "
        f"{counts.lost_without}/{state.tosses_without} sans, "
        f"p {decimal_text(state.p_value, 3)}{seen}"
    )


def status_text(state: TrialState) -> str:
    """Return whether a trial goes on or has ended, and how."""
    words = _WORDS[state.kind]
    if state.result is not None:
        error = f"risque d'erreur de {ALPHA * 100:.0f} % au plus"
        excluded = f"exclu qu'elle coupe {EXCLUDED * 100:.0f} % des liaisons ou plus, "
        told = {
            Result.GUILTY: f" ({error})",
            Result.INNOCENT: f" ({excluded}{error})",
            Result.NO_EFFECT_SEEN: "",
        }[state.result]
        return f"{state.kind.constant}, terminé : {words.ended[state.result]}{told}"
    if not state.running:
        return f"{state.kind.constant}, interrompu : la constante a été remise à False"
    return (
        f"{state.kind.constant}, en cours : à chaque reconnexion, une pièce décide avec ou sans "
        f"{words.name}"
    )


def arm_names(kind: TrialKind) -> tuple[str, str]:
    """Return what the two arms are called, with and without."""
    return f"avec {_WORDS[kind].name}", "sans"


def _so_far_text(state: TrialState | None) -> str:
    with_it, without = (state.tosses_with, state.tosses_without) if state else (0, 0)
    return f"{with_it} avec, {without} sans jusqu'ici"


def _losses_text(state: TrialState) -> str:
    counts = state.counts
    return (
        f"{counted(counts.lost_with, 'perdue', 'perdues')} sur {state.tosses_with} avec, "
        f"{counts.lost_without} sur {state.tosses_without} sans"
    )


def _window_text(state: TrialState) -> str:
    what = "suivent" if state.kind is TrialKind.SYNC else "suivent la connexion"
    return f"{_seconds_text(state.effect_s)} qui {what}"


def _seconds_text(seconds: float) -> str:
    return f"{seconds:g} s" if seconds <= 120 else duration_text(seconds)


def _chance_text(state: TrialState) -> str:
    if not state.counts.lost_with + state.counts.lost_without:
        return "aucune n'a été perdue : ni pour, ni contre"
    return (
        f"si {_WORDS[state.kind].name} n'y était pour rien, le hasard donnerait autant de pertes "
        f"avec, ou plus, {_times_text(state.p_value)} ({_losses_text(state)} : "
        f"p = {decimal_text(state.p_value, 3)}, test exact de Fisher)"
    )


def _times_text(chance: float) -> str:
    """Return a probability in plain words."""
    if chance >= 0.1:
        return f"{chance * 10:.0f} fois sur 10"
    return f"{chance * 100:.0f} fois sur 100" if chance >= 0.01 else "moins de 1 fois sur 100"


def _power_text(state: TrialState) -> str:
    visible = state.visible_effect
    if visible is None:
        return (
            "à ce stade, aucun effet n'aurait encore été vu à coup sûr : il faut d'autres tirages"
        )
    return (
        f"à ce stade, un effet aurait été vu 4 fois sur 5 si {_WORDS[state.kind].verb} "
        f"{visible * 100:.0f} % des liaisons, ou plus"
    )
