"""From settings to a tuned classifier: refuse what cannot be, read, score before, train, score after."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from valence.errors import BadSetting
from valence.llm.local import RANDOM
from valence.llm.places import find_template
from valence.llm.tuning.classifier import TunedClassifier, take
from valence.llm.tuning.fused import check_fused, forget_fused, fused_model
from valence.llm.tuning.networks import PromptNetwork
from valence.llm.tuning.reader import Reader
from valence.llm.tuning.settings import Tuning
from valence.llm.tuning.updates import add_updates
from valence.llm.tuning.weights import Weights, check_bits
from valence.text.prompt import Prompt
from valence.training.device import resolve_device, use_bfloat16
from valence.training.eight_bits import check_eight_bits
from valence.training.examples import Batch, Examples
from valence.training.fitting import check_training, draw_plan, fit_network
from valence.training.losses import CrossEntropy
from valence.types import Split, Task


class AnswerLoss(CrossEntropy):
    """Negative log-likelihood of the answer's tokens: the label word and the token that ends it."""

    def __call__(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the loss; with class weights each text's is scaled by its label's."""
        with self.arithmetic():
            per_text: Tensor = network.answer_losses(batch.tokens, batch.lengths, batch.labels)  # type: ignore[operator]
        return self.mean(per_text if self._class_weights is None else per_text * self._class_weights[batch.labels])


def tune(settings: Tuning, train: Split, valid: Split, task: Task) -> TunedClassifier:
    """Tune on `train`; the best epoch on `valid` is kept.

    Raises:
        BadSetting: no such weights or template, 4 bits without CUDA, too few label words, reviews too long for the model, an engine or an
            optimiser that this machine or this model has not.
        FailedRun: a loss went non-finite.
    """
    weights, device, reader = _prepare(settings, Weights.find(settings.backbone), task)
    check_training(settings.model_copy(update={"engine": "packed"}), device)
    if settings.optimizer == "adamw_8bit":
        check_eight_bits(device)
    if settings.engine == "unsloth":
        check_fused(weights, device, reader.room)
    task.journal.progress(0, 1, f"reading {settings.backbone}")
    learn, check = (Examples(reader.encode(part.texts), part.labels, device) for part in (train, valid))
    labels, before = task.labels, dict[str, float]()

    def build() -> PromptNetwork:
        fused = settings.engine == "unsloth"
        if fused and not settings.before:
            return _fused(settings, weights, reader, device, task)
        network = _network(settings, weights, reader, device, task)
        if settings.before:
            before.update(_untouched(_classifier(settings, network.eval(), weights, reader, device, labels), valid, task))
        if not fused:
            return network
        del network
        return _fused(settings, weights, reader, device, task)

    # the loop is ours, whoever's layers it runs over
    network = fit_network(build, learn, check, settings.model_copy(update={"engine": "packed"}), task, settings.objective())
    if settings.engine == "unsloth":
        learned = {name: value.cpu() for name, value in network.state_dict().items()}
        del network
        network = _unfused(settings, weights, reader, device, task, learned)
    found = _classifier(settings, network, weights, reader, device, labels)
    if settings.before:
        after = {f"after_{name}": value for name, value in found.figures(valid).items()}
        # behind the last step: a row of a journal replaces those of the same step
        task.journal.log(draw_plan(learn, settings, task.seed).steps + 1, **before, **after)
    return found


def _untouched(made: TunedClassifier, valid: Split, task: Task) -> dict[str, float]:
    """Return the figures of a model of which nothing is learned yet; a resumed training remembers them."""
    kept = task.journal.folder / "before.json" if task.journal.folder else None
    if kept is not None and kept.is_file():
        known: dict[str, float] = json.loads(kept.read_text(encoding="utf-8"))
        return known
    found = {f"before_{name}": value for name, value in made.figures(valid).items()}
    task.journal.log(0, **found)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def reload(settings: Tuning, folder: Path, task: Task) -> TunedClassifier:
    """Return the classifier that was saved in a folder.

    Raises:
        BadData: the folder is broken, or the weights are others by now.
        BadSetting: as `tune`.
    """
    weights, device, reader = _prepare(settings, Weights.recorded(folder), task)
    with torch.random.fork_rng(devices=[]):
        network = _network(settings, weights, reader, device, task).to(device).eval()
    found = _classifier(settings, network, weights, reader, device, task.labels)
    found.restore(folder)
    return found


def _prepare(settings: Tuning, weights: Weights, task: Task) -> tuple[Weights, torch.device, Reader]:
    """Check all that can be checked before weights are fetched."""
    device = resolve_device(task.device)
    check_bits(settings.bits, device)
    places = None if weights.name == RANDOM else getattr(weights.config(), "max_position_embeddings", None)
    words = settings.label_words or task.labels
    if len(words) != len(task.labels) or len({word.lower() for word in words}) != len(words) or not all(word.strip() for word in words):
        raise BadSetting(f"label_words must be {len(task.labels)} different words, for {', '.join(task.labels)}; got: {', '.join(words)}.")
    prompt = Prompt(find_template(settings.template), tuple(words))
    reader = Reader(weights.name, weights.tokenizer(), prompt, settings.ask(prompt), device, settings.batch_tokens)
    reader.check_room(places)
    return weights, device, reader


def _number_format(settings: Tuning, device: torch.device) -> torch.dtype:
    # a CPU keeps float32 unless asked: it has no arithmetic in bfloat16 that would be worth it everywhere
    asked = settings.precision == "bfloat16" or (device.type != "cpu" and use_bfloat16(settings.precision, device))
    return torch.bfloat16 if asked else torch.float32


def _network(settings: Tuning, weights: Weights, reader: Reader, device: torch.device, task: Task) -> PromptNetwork:
    model = weights.model(device, _number_format(settings, device), settings.bits)
    stops = model.generation_config.eos_token_id
    known = stops if isinstance(stops, list) else [] if stops is None else [stops]
    model.generation_config.eos_token_id = sorted({*known, reader.end})
    add_updates(model, settings.updates)
    if settings.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    network = settings.over(model, reader, len(task.labels)).to(device)
    if settings.compiled:
        network.compile_layers()
    return network


def _fused(settings: Tuning, weights: Weights, reader: Reader, device: torch.device, task: Task) -> PromptNetwork:
    model = fused_model(settings, weights, _number_format(settings, device), device, reader.room, task.seed)
    return settings.over(model, reader, len(task.labels), padded=True)


def _unfused(
    settings: Tuning, weights: Weights, reader: Reader, device: torch.device, task: Task, learned: dict[str, Tensor]
) -> PromptNetwork:
    """Return what unsloth has tuned as the network that a later `load` makes, so that both give the same answers."""
    forget_fused(weights.config().model_type)
    network = _network(settings, weights, reader, device, task)
    take(network, learned, "what unsloth has tuned")
    return network.eval()


def _classifier(
    settings: Tuning,
    network: PromptNetwork,
    weights: Weights,
    reader: Reader,
    device: torch.device,
    labels: tuple[str, ...],
) -> TunedClassifier:
    return TunedClassifier(network, reader, weights, labels, device, settings.batch_tokens, settings.speaks)


__all__ = ["AnswerLoss", "reload", "tune"]
