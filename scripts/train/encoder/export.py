"""Write an encoder as the safetensors file that the runtime reads, and the fixture that holds the two together.

    python scripts/train/encoder/export.py fixture --out tests/fixtures/encoder
    python scripts/train/encoder/export.py model --checkpoint WORK/encoder.pt --out models/yingda-encoder.safetensors
"""

import argparse
import hashlib
import json
import random
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from data import Tokeniser, SPECIAL_TOKENS, token_syllables, write_tokenising_cases
from model import ARCHITECTURE, Config, Encoder, pad

MOODS = ["neutral", "positive", "negative", "angry"]
HEADS = {"mood": MOODS, "escalate": ["no", "yes"]}


def write_model(path: Path, name: str, model: Encoder, tokens: list[str], syllables: list[int], with_heads: bool, phrases=None):
    """Weights as float16, the rest as metadata. The version is a digest of the weights and the tables.

    `phrases`: the ids of each phrase, and `heads.NAME.phrases`, what each adds to the labels of a head.
    """
    weights = {k: v.detach().to(torch.float16).contiguous() for k, v in sorted(model.state_dict().items())}
    for key, tensor in (phrases or {}).items():
        # Not every token id is a whole number in 16 bits.
        weights[key] = tensor.float() if key == "phrases" else tensor.to(torch.float16).contiguous()
    metadata = {
        "architecture": ARCHITECTURE,
        "name": name,
        "licence": "MIT OR Apache-2.0",
        "config": json.dumps(model.config.as_dict()),
        "tokens": json.dumps(tokens, ensure_ascii=False),
        "token_syllables": json.dumps(syllables, separators=(",", ":")),
    }
    if with_heads:
        metadata["heads"] = json.dumps(HEADS)
    if phrases:
        metadata["phrases"] = str(len(phrases["phrases"]))
    digest = hashlib.sha256()
    for key, tensor in weights.items():
        digest.update(key.encode() + tensor.numpy().tobytes())
    for key in sorted(metadata):
        digest.update(key.encode() + metadata[key].encode())
    metadata["version"] = digest.hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path, metadata)
    path.chmod(0o644)
    print(f"{path}: {path.stat().st_size / 2**20:.2f} MiB, version {metadata['version']}")


def read_checkpoint(path: Path) -> dict:
    """A checkpoint, or what a finished safetensors file still holds of one: training goes on from a shipped model."""
    if path.suffix != ".safetensors":
        return torch.load(path, map_location="cpu", weights_only=True)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        weights = {name: file.get_tensor(name).float() for name in file.keys()}
    tokens = json.loads(metadata["tokens"])
    syllables, names = token_syllables(tokens)
    return {
        "config": json.loads(metadata["config"]),
        "tokens": tokens,
        "token_syllables": syllables,
        "syllables": names,
        "weights": weights,
    }


def load_checkpoint(path: Path, with_heads: bool = False) -> tuple[Encoder, Tokeniser, list[int], list[str]]:
    """The averaged encoder of a checkpoint (float32, no dropout), its tokeniser, syllable ids and names."""
    saved = read_checkpoint(path)
    config = Config(**saved["config"])
    heads = {name: len(labels) for name, labels in HEADS.items()} if with_heads else None
    model = Encoder(config, torch.tensor(saved["token_syllables"]), heads, dropout=0.0)
    model.load_state_dict(saved["weights"])
    model.eval()
    return model, Tokeniser(saved["tokens"], config.max_tokens), saved["token_syllables"], saved["syllables"]


def fixture_phrases(tokeniser: Tokeniser) -> dict[str, torch.Tensor]:
    """A few phrases with random weights: one of each length, one at the start and one at the end of a text."""
    runs = [tokeniser.encode(text)[1:] for text in ("冷", "退款", "不冷了", "i don't want")]
    runs += [[2, *tokeniser.encode("转")[1:]], [*tokeniser.encode("款")[1:], 3]]
    ids = torch.tensor([(run + [0, 0])[:3] for run in runs], dtype=torch.float32)
    return {"phrases": ids, **{f"heads.{name}.phrases": torch.randn(len(runs), len(labels)).half().float() for name, labels in HEADS.items()}}


def phrase_logits(phrases: dict[str, torch.Tensor], head: str, ids: list[int]) -> torch.Tensor:
    """What the phrases among `ids` add to the labels of a head: their mean times the root of their number."""
    ids = [*ids, 3]
    runs = {tuple((ids[at : at + n] + [0, 0])[:3]) for n in (1, 2, 3) for at in range(len(ids) - n + 1)}
    found = [row for row, run in enumerate(phrases["phrases"].int().tolist()) if tuple(run) in runs]
    return phrases[f"heads.{head}.phrases"][found].sum(0) / max(1, len(found)) ** 0.5


def write_fixture(folder: Path) -> None:
    """A tiny random model with heads, its vectors and probabilities, and the tokenising cases."""
    folder.mkdir(parents=True, exist_ok=True)
    random.seed(1)
    torch.manual_seed(1)
    tokens = SPECIAL_TOKENS + list("我要退款空调不冷了转人工") + list("abcdefghijklmnopqrstuvwxyz") + list("0123456789")
    tokens += ["app", "don't", "refund"]
    syllables, names = token_syllables(tokens)
    config = Config(len(tokens), len(names), width=32, layers=2, heads=4, feed_forward=64, max_tokens=24)
    model = Encoder(config, torch.tensor(syllables), {n: len(labels) for n, labels in HEADS.items()})
    for name, weight in model.named_parameters():
        scale = 1.0 if "norm.weight" in name else 0.0
        torch.nn.init.normal_(weight, mean=scale, std=0.2)
        weight.data = weight.data.half().float()  # what the file holds
    model.eval()
    path = folder / "tiny.safetensors"
    tokeniser = Tokeniser(tokens, config.max_tokens)
    phrases = fixture_phrases(tokeniser)
    write_model(path, "tiny", model, tokens, syllables, True, phrases)
    texts = ["我要退款", "空调不冷了", "转人工", "app不冷了", "I don't want a refund", "", "12345", "我要退款" * 10, "猫", "冷"]
    rows = []
    with torch.no_grad():
        for text in texts:
            ids = tokeniser.encode(text)
            mean = model.mean(pad([ids]))
            row = {"text": text, "ids": ids, "vector": torch.nn.functional.normalize(mean, dim=1)[0].tolist()}
            for head, linear in model.heads.items():
                row[head] = torch.softmax(linear(mean) + phrase_logits(phrases, head, ids), 1)[0].tolist()
            rows.append(row)
    lines = ",\n".join("  " + json.dumps(r, ensure_ascii=False) for r in rows)
    (folder / "reference.json").write_text(f'{{"model": "{path.name}", "cases": [\n{lines}\n]}}\n', encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    fixture = kinds.add_parser("fixture", help="the tiny model, its reference and the tokenising cases")
    fixture.add_argument("--out", type=Path, required=True, help="folder of the fixture")
    model = kinds.add_parser("model", help="a trained encoder, or with --mood the classifier")
    model.add_argument("--checkpoint", type=Path, required=True)
    model.add_argument("--out", type=Path, required=True, help="the safetensors file")
    model.add_argument("--mood", action="store_true")
    arguments = parser.parse_args()
    if arguments.kind == "fixture":
        write_fixture(arguments.out)
        write_tokenising_cases(Path(__file__).with_name("tokenising_cases.json"))
        return
    encoder, tokeniser, syllables, _ = load_checkpoint(arguments.checkpoint, arguments.mood)
    name = "yingda-mood" if arguments.mood else "yingda-encoder"
    phrases = read_checkpoint(arguments.checkpoint)["phrases"] if arguments.mood else None
    write_model(arguments.out, name, encoder, tokeniser.tokens, syllables, arguments.mood, phrases)


if __name__ == "__main__":
    main()
