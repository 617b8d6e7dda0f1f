"""A trial in words: the report's section, the clause of ``/tcp``, the bot's own lines. Pure."""

from dataclasses import dataclass

from meshbot.diagnosis.trial.evidence import ALPHA, EXCLUDED, Result
from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.text.language import mark, tr
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
        mark("la synchronisation"),
        mark("sync"),
        mark("la synchronisation couperait"),
        {
            Result.GUILTY: mark(
                "la synchronisation coupe la liaison ; elle est désormais sautée quand "
                "la liaison revient, et le cycle périodique apporte les clés"
            ),
            Result.INNOCENT: mark(
                "la synchronisation est hors de cause ; elle a désormais lieu chaque "
                "fois que la liaison revient"
            ),
            Result.NO_EFFECT_SEEN: mark(
                "sans effet visible ; les constantes s'appliquent de nouveau"
            ),
        },
    ),
    TrialKind.LIGHT: _Words(
        mark("la base du nœud"),
        mark("base"),
        mark("l'envoi de la base couperait"),
        {
            Result.GUILTY: mark(
                "l'envoi de la base du nœud coupe la liaison ; elle n'est plus demandée "
                "quand la liaison revient"
            ),
            Result.INNOCENT: mark(
                "l'envoi de la base du nœud est hors de cause ; TCP_LIGHT_RECONNECT "
                "s'applique de nouveau"
            ),
            Result.NO_EFFECT_SEEN: mark(
                "sans effet visible ; les constantes s'appliquent de nouveau"
            ),
        },
    ),
}
_SHORT_RESULTS = {
    Result.GUILTY: mark(" en cause"),
    Result.INNOCENT: mark(" hors de cause"),
    Result.NO_EFFECT_SEEN: mark(" sans effet visible"),
}


def toss_line(kind: TrialKind, state: TrialState | None, *, suspect: bool) -> str:
    """Return the bot's line about a toss; ``state`` is what was known before it."""
    line = (
        mark("🧪 Essai {constant} : cette fois avec {name} ({so_far})")
        if suspect
        else mark("🧪 Essai {constant} : cette fois sans {name} ({so_far})")
    )
    name = tr(_WORDS[kind].name)
    return tr(line, constant=kind.constant, name=name, so_far=_so_far_text(state))


def course_line(kind: TrialKind, state: TrialState | None) -> str:
    """Return the bot's line about a trial that goes on, at its start."""
    return tr(
        "🧪 Essai {constant} en cours : une pièce décide chaque fois que la liaison revient "
        "({so_far})",
        constant=kind.constant,
        so_far=_so_far_text(state),
    )


def end_line(state: TrialState) -> str:
    """Return the bot's line about the end of a trial, or about one that had ended."""
    if state.result is None:
        return ""
    return tr(
        "🧪 Essai {constant} terminé : {ended} ({losses})",
        constant=state.kind.constant,
        ended=tr(_WORDS[state.kind].ended[state.result]),
        losses=_losses_text(state),
    )


def trial_lines(state: TrialState | None) -> list[str]:
    """Return the report's section about a trial; nothing where there is none."""
    if state is None:
        return []
    lines = (f"  – {line}" for line in trial_reasons(state))
    return ["", tr("Essai"), f"  {status_text(state)}", *lines]


def trial_reasons(state: TrialState) -> list[str]:
    """Return what a trial shows so far: its two arms, chance, what it can see by now."""
    words = _WORDS[state.kind]
    lines = [
        tr(
            "{tosses_with} avec {name}, dont "
            "{lost_with} dans les "
            "{window} ; {tosses_without} sans, dont "
            "{lost_without}",
            tosses_with=counted(state.tosses_with, "reconnexion", "reconnexions"),
            name=tr(words.name),
            lost_with=counted(state.counts.lost_with, "perdue", "perdues"),
            window=_window_text(state),
            tosses_without=state.tosses_without,
            lost_without=counted(state.counts.lost_without, "perdue", "perdues"),
        ),
        _chance_text(state),
        _power_text(state),
    ]
    if state.voids:
        lines.append(
            tr(
                "{voids} pas : liaison perdue trop tôt, ou pas observée jusqu'au bout",
                voids=counted(state.voids, "tirage ne compte", "tirages ne comptent"),
            )
        )
    return lines


def trial_clause(state: TrialState | None) -> str:
    """Return how far a trial is, short enough for the mesh; nothing where there is none."""
    if state is None or not state.running:
        return ""
    counts = state.counts
    visible = state.visible_effect
    seen = "" if state.result is not None else tr(", rien de visible encore")
    if visible is not None and state.result is None:
        seen = tr(", vu dès {visible:.0f} %", visible=visible * 100)
    return tr(
        "Essai {short}{short_results} : "
        "{lost_with}/{tosses_with} perdues avec, "
        "{lost_without}/{tosses_without} sans, "
        "p {p_value}{seen}",
        short=tr(_WORDS[state.kind].short),
        short_results=tr(_SHORT_RESULTS[state.result]) if state.result else "",
        lost_with=counts.lost_with,
        tosses_with=state.tosses_with,
        lost_without=counts.lost_without,
        tosses_without=state.tosses_without,
        p_value=decimal_text(state.p_value, 3),
        seen=seen,
    )


def status_text(state: TrialState) -> str:
    """Return whether a trial goes on or has ended, and how."""
    words = _WORDS[state.kind]
    if state.result is not None:
        error = tr("risque d'erreur de {alpha:.0f} % au plus", alpha=ALPHA * 100)
        excluded = tr(
            "exclu qu'elle coupe {excluded:.0f} % des liaisons ou plus, ", excluded=EXCLUDED * 100
        )
        told = {
            Result.GUILTY: f" ({error})",
            Result.INNOCENT: f" ({excluded}{error})",
            Result.NO_EFFECT_SEEN: "",
        }[state.result]
        return tr(
            "{constant}, terminé : {ended}{told}",
            constant=state.kind.constant,
            ended=tr(words.ended[state.result]),
            told=told,
        )
    if not state.running:
        return tr(
            "{constant}, interrompu : la constante a été remise à False",
            constant=state.kind.constant,
        )
    return tr(
        "{constant}, en cours : à chaque reconnexion, une pièce décide avec ou sans {name}",
        constant=state.kind.constant,
        name=tr(words.name),
    )


def arm_names(kind: TrialKind) -> tuple[str, str]:
    """Return what the two arms are called, with and without."""
    return tr("avec {name}", name=tr(_WORDS[kind].name)), tr("sans")


def _so_far_text(state: TrialState | None) -> str:
    with_it, without = (state.tosses_with, state.tosses_without) if state else (0, 0)
    return tr("{with_it} avec, {without} sans jusqu'ici", with_it=with_it, without=without)


def _losses_text(state: TrialState) -> str:
    counts = state.counts
    return tr(
        "{lost_with} sur {tosses_with} avec, {lost_without} sur {tosses_without} sans",
        lost_with=counted(counts.lost_with, "perdue", "perdues"),
        tosses_with=state.tosses_with,
        lost_without=counts.lost_without,
        tosses_without=state.tosses_without,
    )


def _window_text(state: TrialState) -> str:
    what = tr("suivent") if state.kind is TrialKind.SYNC else tr("suivent la connexion")
    return tr("{seconds} qui {what}", seconds=_seconds_text(state.effect_s), what=what)


def _seconds_text(seconds: float) -> str:
    return f"{seconds:g} s" if seconds <= 120 else duration_text(seconds)


def _chance_text(state: TrialState) -> str:
    if not state.counts.lost_with + state.counts.lost_without:
        return tr("aucune n'a été perdue : ni pour, ni contre")
    return tr(
        "si {name} n'y était pour rien, le hasard donnerait autant de pertes "
        "avec, ou plus, {times} ({losses} : "
        "p = {p_value}, test exact de Fisher)",
        name=tr(_WORDS[state.kind].name),
        times=_times_text(state.p_value),
        losses=_losses_text(state),
        p_value=decimal_text(state.p_value, 3),
    )


def _times_text(chance: float) -> str:
    """Return a probability in plain words."""
    if chance >= 0.1:
        return tr("{chance:.0f} fois sur 10", chance=chance * 10)
    return (
        tr("{chance:.0f} fois sur 100", chance=chance * 100)
        if chance >= 0.01
        else tr("moins de 1 fois sur 100")
    )


def _power_text(state: TrialState) -> str:
    visible = state.visible_effect
    if visible is None:
        return tr(
            "à ce stade, aucun effet n'aurait encore été vu à coup sûr : il faut d'autres tirages"
        )
    return tr(
        "à ce stade, un effet aurait été vu 4 fois sur 5 si {verb} "
        "{visible:.0f} % des liaisons, ou plus",
        verb=tr(_WORDS[state.kind].verb),
        visible=visible * 100,
    )
