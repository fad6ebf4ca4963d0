"""The compact encoder, written again in PyTorch, and a tiny random one with the vectors that it gives.

    python reference.py FOLDER

writes FOLDER/compact.safetensors and FOLDER/compact.json. The Rust engine (`embedding::compact`) must give the same
vectors, so nothing here is shared with it or with the training.
"""

import json
import os
import sys
import unicodedata

import numpy
import torch
from safetensors.torch import save_file
from torch.nn import functional

HERE = os.path.dirname(os.path.abspath(__file__))
UNKNOWN, START = 1, 2


def is_hanzi(symbol):
    """CJK unified ideographs with extensions A to H, and the compatibility block."""
    code = ord(symbol)
    return 0x3400 <= code <= 0x4DBF or 0x4E00 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x323AF


def tokenise(text, ids, most):
    """Token ids of `text`, given the id of every token and the most tokens there may be."""
    symbols = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    letter = lambda at: at < len(symbols) and "a" <= symbols[at] <= "z"
    found, at = [START], 0
    while at < len(symbols):
        symbol = symbols[at]
        if letter(at):
            end = at
            while letter(end) or (end < len(symbols) and symbols[end] == "'" and letter(end + 1)):
                end += 1
            word, at = symbols[at:end], end
            if word in ids:
                found.append(ids[word])
            else:
                found += [ids.get(part, UNKNOWN) for part in word if part != "'"]
            continue
        at += 1
        if symbol in ids:
            found.append(ids[symbol])
        elif is_hanzi(symbol):
            found.append(UNKNOWN)
    return found[:most]


def check_tokenising(path):
    """The cases of the table at `path`: tokens by id, the most tokens, and texts with their ids."""
    with open(path, encoding="utf8") as file:
        table = json.load(file)
    ids = {token: id for id, token in enumerate(table["tokens"])}
    for case in table["cases"]:
        found = tokenise(case["text"], ids, table["max_tokens"])
        assert found == case["ids"], (case, found)


def means(weights, config, syllables, batch):
    """The mean hidden state of each text of a padded batch, without normalisation."""
    longest = max(map(len, batch))
    tokens = torch.tensor([ids + [0] * (longest - len(ids)) for ids in batch])
    valid = torch.tensor([[at < len(ids) for at in range(longest)] for ids in batch])
    width, heads = config["width"], config["heads"]
    norm = lambda x, name: functional.layer_norm(x, (width,), weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-5)
    linear = lambda x, name: functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])
    x = weights["token.weight"][tokens] + weights["syllable.weight"][syllables[tokens]] + weights["position.weight"][:longest]
    for layer in range(config["layers"]):
        at = f"layers.{layer}"
        parts = linear(norm(x, f"{at}.attention_norm"), f"{at}.qkv").chunk(3, dim=-1)
        q, k, v = (part.view(*part.shape[:2], heads, width // heads).transpose(1, 2) for part in parts)
        scores = q @ k.transpose(-1, -2) / (width // heads) ** 0.5
        scores = scores.masked_fill(~valid[:, None, None, :], float("-inf"))
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape)
        x = x + linear(mixed, f"{at}.out")
        x = x + linear(functional.gelu(linear(norm(x, f"{at}.ffn_norm"), f"{at}.up")), f"{at}.down")
    x = norm(x, "norm") * valid[..., None]
    return x.sum(1) / valid.sum(1, keepdim=True)


def shapes(config):
    width, inner = config["width"], config["feed_forward"]
    yield "token.weight", (config["tokens"], width)
    yield "syllable.weight", (config["syllables"], width)
    yield "position.weight", (config["max_tokens"], width)
    for layer in range(config["layers"]):
        at = f"layers.{layer}"
        for name, rows, columns in [("qkv", 3 * width, width), ("out", width, width), ("up", inner, width), ("down", width, inner)]:
            yield f"{at}.{name}.weight", (rows, columns)
            yield f"{at}.{name}.bias", (rows,)
        for name in ["attention_norm", "ffn_norm"]:
            yield f"{at}.{name}.weight", (width,)
            yield f"{at}.{name}.bias", (width,)
    yield "norm.weight", (width,)
    yield "norm.bias", (width,)


def main(folder):
    check_tokenising(os.path.join(HERE, "tokenising_cases.json"))
    check_tokenising(os.path.join(folder, "tokenising.json"))
    torch.manual_seed(400)
    characters = "我你他的了吗怎么开发票退货换空调坏冰箱洗衣机不冷热修多少钱在哪里办卡丢人工服务请问一下快递到没有什时候能可以"
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[MASK]", *dict.fromkeys(characters), *map(chr, range(97, 123)), *"0123456789", "wifi", "refund", "don't"]
    ids = {token: id for id, token in enumerate(tokens)}
    sounds = 24
    syllable_of = [0 if token.isascii() else 1 + id * 7 % (sounds - 1) for id, token in enumerate(tokens)]
    config = {"width": 32, "layers": 2, "heads": 4, "feed_forward": 64, "max_tokens": 24, "tokens": len(tokens), "syllables": sounds}
    heads = {"mood": ["neutral", "positive", "negative", "angry"], "escalate": ["no", "yes"]}
    every = [*shapes(config)]
    for name, labels in heads.items():
        every += [(f"heads.{name}.weight", (len(labels), config["width"])), (f"heads.{name}.bias", (len(labels),))]
    weights = {}
    for name, shape in every:
        centre = 1.0 if "norm.weight" in name else 0.0
        # As wide as a trained network's, so that attention is not uniform and GELU not linear.
        spread = 0.3 if len(shape) == 1 else 1.0 if shape[0] == config["tokens"] else 1.6 / shape[1] ** 0.5
        weights[name] = (centre + spread * torch.randn(shape)).to(torch.float16)
    metadata = {
        "architecture": "yingda-compact-1",
        "name": "tiny-random",
        "version": "1",
        "licence": "MIT OR Apache-2.0",
        "config": json.dumps(config),
        "tokens": json.dumps(tokens, ensure_ascii=False),
        "token_syllables": json.dumps(syllable_of),
        "heads": json.dumps(heads),
    }
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, os.path.join(folder, "compact.safetensors"), metadata)

    texts = ["空调坏了怎么办", "冰箱不冷了", "开发票", "", "WiFi连不上，什么时候能修", "退货多少钱啊", "don't refund 2 卡",
             "请问一下我的快递到没到在哪里可以办退货换货什么时候能到人工服务请问", "丢", "我要人工"]
    single = {key: value.to(torch.float32) for key, value in weights.items()}
    sounds_of = torch.tensor(syllable_of)
    ids_of = [tokenise(text, ids, config["max_tokens"]) for text in texts]
    cases = []
    with torch.no_grad():
        together = means(single, config, sounds_of, ids_of)
        for text, found, in_batch in zip(texts, ids_of, together):
            mean = means(single, config, sounds_of, [found])[0]
            assert torch.allclose(mean, in_batch, atol=1e-5)
            judged = {name: functional.linear(mean, single[f"heads.{name}.weight"], single[f"heads.{name}.bias"]).softmax(-1) for name in heads}
            rounded = lambda values: [float(numpy.round(value, 6)) for value in values.tolist()]
            cases.append({"text": text, "ids": found, "vector": rounded(mean / mean.norm()), "mean": rounded(mean),
                          "heads": {name: rounded(values) for name, values in judged.items()}})
    with open(os.path.join(folder, "compact.json"), "w", encoding="utf8") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1])
