"""A tiny real classifier: which kind of iris has these four measures, by the nearest centre."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

# Means and standard deviations of the three species in Fisher's data set (1936): sepal length, sepal width, petal
# length, petal width in cm.
_CENTRES = (
    (5.006, 3.428, 1.462, 0.246),
    (5.936, 2.770, 4.260, 1.326),
    (6.588, 2.974, 5.552, 2.026),
)
_SPREADS = (0.51, 0.33, 0.43, 0.21)
FEATURES = len(_SPREADS)


class BadInstances(Exception):
    """What was sent is no list of measures; the text is what scikit-learn would say."""


def species(instances: Any) -> list[int]:
    """Classify each instance: 0 setosa, 1 versicolor, 2 virginica. Raises BadInstances."""
    if not isinstance(instances, list) or not all(isinstance(one, list) for one in instances):
        raise BadInstances(
            "Expected 2D array, got 1D array instead:\n"
            f"array={instances}.\n"
            "Reshape your data either using array.reshape(-1, 1) if your data has a single feature or "
            "array.reshape(1, -1) if it contains a single sample."
        )
    if not instances:
        raise BadInstances("Found array with 0 sample(s) (shape=(0, 0)) while a minimum of 1 is required by SVC.")
    for instance in instances:
        if len(instance) != FEATURES:
            raise BadInstances(f"X has {len(instance)} features, but SVC is expecting {FEATURES} features as input.")
        for value in instance:
            if not isinstance(value, int | float):
                raise BadInstances(f"could not convert string to float: {value!r}")
            if math.isnan(value) or math.isinf(value):
                raise BadInstances("Input X contains NaN.")
    return [_nearest(instance) for instance in instances]


def _nearest(measures: Sequence[float]) -> int:
    def distance(centre: Sequence[float]) -> float:
        pairs = zip(measures, centre, _SPREADS, strict=True)
        return sum(((measure - mean) / spread) ** 2 for measure, mean, spread in pairs)

    return min(range(len(_CENTRES)), key=lambda kind: distance(_CENTRES[kind]))
