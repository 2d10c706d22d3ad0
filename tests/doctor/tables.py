"""The zero-shot table of the original document, and what honest counters would have given."""

MODELS = ("DeepSeek-R1", "Llama-3.1", "Qwen3", "Gemma2", "Phi-4-mini", "Mistral")
SIZES = (16, 64, 256, 512)
DOCUMENT = (
    (87.50, 93.75, 90.23, 90.63),
    (81.25, 90.97, 90.36, 89.16),
    (89.23, 89.52, 89.84, 89.97),
    (90.01, 90.00, 90.07, 89.79),
    (89.78, 89.87, 89.32, 85.51),
    (85.52, 85.40, 85.33, 84.86),
)
OWN = {"Llama-3.1": 0.8770, "Qwen3": 0.9160, "Gemma2": 0.8926, "Phi-4-mini": 0.6836, "Mistral": 0.8164}
"""By the models' own answers, 512 rows each."""
RIGHT = ((14, 59, 230, 464), (13, 58, 228, 449), (15, 60, 235, 469), (14, 57, 229, 457), (11, 44, 175, 350), (13, 52, 209, 418))
"""Right answers of counters that are set back, made to end where the models' own answers do."""


def document() -> list[dict]:
    """Return the table in its wide form."""
    return [{"model": m, **{str(n): f"{v:.2f}" for n, v in zip(SIZES, row, strict=True)}} for m, row in zip(MODELS, DOCUMENT, strict=True)]


def own() -> list[dict]:
    """Return each model's own figures, with their counts."""
    return [
        {"model": m, "n": n, "accuracy": f"{100 * c / n:.2f}", "correct": c}
        for m, row in zip(MODELS, RIGHT, strict=True)
        for n, c in zip(SIZES, row, strict=True)
    ]


def pooled_with_counts() -> list[dict]:
    """Return running totals over all models so far, beside each model's own counts."""
    found, total, seen = [], 0, 0
    for model, row in zip(MODELS, RIGHT, strict=True):
        for n, right in zip(SIZES, row, strict=True):
            found.append({"model": model, "n": n, "accuracy": f"{100 * (total + right) / (seen + n):.2f}", "correct": right})
        total, seen = total + row[-1], seen + SIZES[-1]
    return found


def raw_answers() -> list[dict]:
    """Return every model's answers, right as often in its first 16, 64, 256 and 512 as the counts say."""
    found = []
    for model, row in zip(MODELS, RIGHT, strict=True):
        done = before = 0
        for n, right in zip(SIZES, row, strict=True):
            for i in range(before, n):
                hit = i - before < right - done
                found.append({"model": model, "id": i, "label": i % 2, "prediction": i % 2 if hit else 1 - i % 2})
            before, done = n, right
    return found
