# SPDX-License-Identifier: MIT
"""How far each axis of a latent stands for one factor of the data: six scores from arrays of codes and factors.

Depends on NumPy and scikit-learn. The scores need no generator: where a paper draws new clips with one factor held,
these draw from the clips there are, a continuous factor being held to a twentieth of its range.

With fewer axes than factors no code reaches 1 in beta-VAE's, FactorVAE's and the mutual-information scores: pass the
factors that the map is meant to have. The first two are accuracies, so chance is 1 / F, not 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, mutual_info_score
from sklearn.tree import DecisionTreeClassifier

BINS = 20  # as in Locatello et al., "Challenging Common Assumptions", ICML 2019
VOTES = 1500  # two thirds train, one third tests
VOTE_CLIPS = 64
DEAD = 1e-12  # variance below which an axis says nothing


def disentanglement_scores(
    codes: np.ndarray, factors: np.ndarray, discrete: Sequence[bool] | None = None, seed: int = 0
) -> dict[str, float]:
    """All scores of codes (N, Z) for factors (N, F); `discrete` marks the factors whose numbers are mere names.

    N of 2,000 or more gives two digits. Raises ValueError when shapes do not agree, a number is not finite or a factor
    never changes.
    """
    codes, factors = np.asarray(codes, np.float64), np.asarray(factors, np.float64)
    names = list(discrete) if discrete is not None else [False] * factors.shape[1]
    if len(codes) != len(factors) or len(names) != factors.shape[1] or codes.shape[1] < 2:
        raise ValueError(
            f"codes {codes.shape}, factors {factors.shape} and {len(names)} kinds do not fit; give the same number of "
            "clips, a kind for each factor, and at least two axes"
        )
    if not (np.isfinite(codes).all() and np.isfinite(factors).all()) or (np.ptp(factors, axis=0) == 0).any():
        raise ValueError("a code or factor is not finite, or a factor never changes; leave it out")
    rng = np.random.default_rng(seed)
    disentanglement, completeness, informativeness = dci(codes, factors, names, rng)
    return {
        "beta_vae": beta_vae_score(codes, factors, names, rng),
        "factor_vae": factor_vae_score(codes, factors, names, rng),
        "mig": mutual_information_gap(codes, factors, names),
        "dci_disentanglement": disentanglement,
        "dci_completeness": completeness,
        "dci_informativeness": informativeness,
        "sap": separated_predictability(codes, factors, names),
        "interpretability": interpretability(codes, factors, names),
    }


def beta_vae_score(codes: np.ndarray, factors: np.ndarray, discrete: Sequence[bool], rng: np.random.Generator) -> float:
    """Accuracy of a linear classifier that names the held factor from the mean distance of pairs along each axis.

    Higgins et al., "beta-VAE", ICLR 2017.
    """
    scaled = codes / np.maximum(codes.std(axis=0), np.sqrt(DEAD))
    held, clips = _held_factors(factors, discrete, 2 * VOTE_CLIPS, rng)
    first, second = np.split(scaled[clips], 2, axis=1)  # (VOTES, VOTE_CLIPS, Z)
    distances = np.abs(first - second).mean(axis=1)
    train = _training_votes()
    classifier = LogisticRegression(C=100.0, max_iter=2000).fit(distances[train], held[train])
    return float(classifier.score(distances[~train], held[~train]))


def factor_vae_score(
    codes: np.ndarray, factors: np.ndarray, discrete: Sequence[bool], rng: np.random.Generator
) -> float:
    """Accuracy of the majority vote that names the held factor from the axis that varies least.

    Kim and Mnih, "Disentangling by Factorising", ICML 2018.
    """
    alive = codes[:, codes.var(axis=0) > DEAD]
    if not alive.shape[1]:
        return 0.0
    held, clips = _held_factors(factors, discrete, VOTE_CLIPS, rng)
    stillest = (alive[clips].var(axis=1) / alive.var(axis=0)).argmin(axis=1)  # (VOTES,)
    train = _training_votes()
    ballots = np.zeros((alive.shape[1], factors.shape[1]))
    np.add.at(ballots, (stillest[train], held[train]), 1)
    return float(np.mean(ballots.argmax(axis=1)[stillest[~train]] == held[~train]))


def mutual_information_gap(codes: np.ndarray, factors: np.ndarray, discrete: Sequence[bool]) -> float:
    """By how much the axis that knows most of a factor beats the next, as a share of the factor's entropy, on average.

    Chen et al., "Isolating Sources of Disentanglement in VAEs", NeurIPS 2018. Bins hold equally many clips, so
    stretching an axis or a factor does not matter.
    """
    information = np.sort(_mutual_information(codes, factors, discrete), axis=0)
    binned = [_binned(f, d) for f, d in zip(factors.T, discrete, strict=True)]
    entropy = np.array([mutual_info_score(b, b) for b in binned])
    return float(np.mean((information[-1] - information[-2]) / entropy))


def dci(
    codes: np.ndarray, factors: np.ndarray, discrete: Sequence[bool], rng: np.random.Generator
) -> tuple[float, float, float]:
    """Disentanglement (an axis serves one factor), completeness (a factor needs one axis), informativeness (R² or
    balanced accuracy beyond chance on clips kept back, at least 0), with random forests.

    Eastwood and Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations", ICLR 2018.
    """
    train = rng.permutation(len(codes)) % 2 == 0
    importance, informed = np.zeros((codes.shape[1], factors.shape[1])), []
    for index, (factor, is_discrete) in enumerate(zip(factors.T, discrete, strict=True)):
        forest = (RandomForestClassifier if is_discrete else RandomForestRegressor)(
            n_estimators=40, min_samples_leaf=5, max_features=None, random_state=int(rng.integers(2**31))
        ).fit(codes[train], factor[train])
        score = forest.score(codes[~train], factor[~train])
        if is_discrete:
            score = balanced_accuracy_score(factor[~train], forest.predict(codes[~train]), adjusted=True)
        informed.append(max(0.0, float(score)))
        importance[:, index] = forest.feature_importances_
    return _concentration(importance), _concentration(importance.T), float(np.mean(informed))


def separated_predictability(codes: np.ndarray, factors: np.ndarray, discrete: Sequence[bool]) -> float:
    """SAP: by how much the axis that predicts a factor best alone beats the next, on average.

    Predicts by a line (R²) or, where numbers are names, by thresholds (balanced accuracy beyond chance). Kumar et al.,
    "Variational Inference of Disentangled Latent Concepts", ICLR 2018.
    """

    def predicts(axis: np.ndarray, factor: np.ndarray, is_discrete: bool) -> float:
        if not is_discrete:
            return _squared_correlation(axis, factor)
        tree = DecisionTreeClassifier(
            max_leaf_nodes=max(2, len(np.unique(factor))), class_weight="balanced", random_state=0
        )
        found = tree.fit(axis[:, None], factor).predict(axis[:, None])
        return float(balanced_accuracy_score(factor, found, adjusted=True))

    scores = [[predicts(axis, f, d) for axis in codes.T] for f, d in zip(factors.T, discrete, strict=True)]
    best = np.sort(scores, axis=1)
    return float(np.mean(best[:, -1] - best[:, -2]))


def interpretability(codes: np.ndarray, factors: np.ndarray, discrete: Sequence[bool]) -> float:
    """R² of a line from the axis that knows most of a factor (mutual information) to it, on average.

    Adel et al., "Discovering Interpretable Representations", ICML 2018, as Pati and Lerch compute it, "Attribute-based
    Regularization of Latent Spaces", 2020. The numbers of a discrete factor count as they are: leave out mere names.
    """
    best = _mutual_information(codes, factors, discrete).argmax(axis=0)
    return float(np.mean([_squared_correlation(codes[:, a], f) for a, f in zip(best, factors.T, strict=True)]))


def _binned(values: np.ndarray, is_discrete: bool) -> np.ndarray:
    if is_discrete:
        return np.unique(values, return_inverse=True)[1]
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right")


def _mutual_information(codes: np.ndarray, factors: np.ndarray, discrete: Sequence[bool]) -> np.ndarray:
    """(Z, F) in nats."""
    binned = [_binned(f, d) for f, d in zip(factors.T, discrete, strict=True)]
    return np.array([[mutual_info_score(f, _binned(axis, False)) for f in binned] for axis in codes.T])


def _training_votes() -> np.ndarray:
    return np.arange(VOTES) % 3 > 0


def _held_factors(
    factors: np.ndarray, discrete: Sequence[bool], count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which factor each vote holds, (VOTES,), and that vote's clips, (VOTES, count): all from one bin of the factor."""
    held = rng.integers(factors.shape[1], size=VOTES)
    binned = [_binned(f, d) for f, d in zip(factors.T, discrete, strict=True)]
    clips = np.empty((VOTES, count), np.int64)
    for vote, factor in enumerate(held):
        bins = binned[factor]
        clips[vote] = rng.choice(np.flatnonzero(bins == bins[rng.integers(len(bins))]), count)
    return held, clips


def _concentration(importance: np.ndarray) -> float:
    """One minus the normalised entropy of each row, weighted by the rows' sums; 0 when nothing matters."""
    total = importance.sum(axis=1)
    if importance.shape[1] < 2 or not total.sum():
        return 0.0
    share = importance / np.maximum(total, DEAD)[:, None]
    entropy = -(share * np.log(np.maximum(share, DEAD))).sum(axis=1) / np.log(importance.shape[1])
    return float(np.average(1 - entropy, weights=total))


def _squared_correlation(a: np.ndarray, b: np.ndarray) -> float:
    if a.var() < DEAD or b.var() < DEAD:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1] ** 2)
