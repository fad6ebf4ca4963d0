"""BERT, written in plain PyTorch, and a tiny random one with the vectors that it gives.

    python bert_reference.py FOLDER

writes FOLDER/bert/{config.json,tokenizer.json,model.safetensors} and FOLDER/bert.json. The Rust engine
(`embedding::bert`) must give the same vectors: the state of [CLS], L2-normalised, as bge models are used.
"""

import json
import os
import sys

import numpy
import torch
from safetensors.torch import save_file
from torch.nn import functional

CONFIG = {
    "architectures": ["BertModel"], "model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 64, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 32, "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12, "pad_token_id": 0,
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHARACTERS = "我你他的了吗怎么开发票退货换空调坏冰箱洗衣机不冷热修多少钱在哪里办卡丢人工服务请问一下快递到没有什时候能可以为这个句子生成表示用于检索相关文章"
WORDS = ["wifi", "re", "##fund", "ok", "2", ",", "?", ":"]
INSTRUCTION = "为这个句子生成表示以用于检索相关文章："


def words_of(text):
    """What BERT's own tokeniser makes of the texts below: hanzi alone, runs of letters and digits, punctuation alone."""
    words, run = [], ""
    for symbol in text.lower():
        if symbol.isascii() and symbol.isalnum():
            run += symbol
            continue
        words += [run] * bool(run)
        run = ""
        words += [symbol] * (not symbol.isspace())
    return words + [run] * bool(run)


def pieces(word, ids):
    """Greedy longest match first (WordPiece)."""
    found, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in ids:
                found.append(ids[piece])
                start = end
                break
        else:
            return [ids["[UNK]"]]
    return found


def tokenise(text, ids):
    inner = [id for word in words_of(text) for id in pieces(word, ids)]
    return [ids["[CLS]"], *inner[: CONFIG["max_position_embeddings"] - 2], ids["[SEP]"]]


def vector(weights, ids):
    width, heads = CONFIG["hidden_size"], CONFIG["num_attention_heads"]
    norm = lambda x, name: functional.layer_norm(x, (width,), weights[f"{name}.weight"], weights[f"{name}.bias"], CONFIG["layer_norm_eps"])
    linear = lambda x, name: functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])
    split = lambda x: x.view(len(ids), heads, width // heads).transpose(0, 1)
    at = "embeddings"
    x = weights[f"{at}.word_embeddings.weight"][ids] + weights[f"{at}.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights[f"{at}.token_type_embeddings.weight"][0], f"{at}.LayerNorm")
    for layer in range(CONFIG["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        q, k, v = (split(linear(x, f"{at}.attention.self.{part}")) for part in ["query", "key", "value"])
        scores = (q @ k.transpose(-1, -2) / (width // heads) ** 0.5).softmax(-1)
        mixed = (scores @ v).transpose(0, 1).reshape(x.shape)
        x = norm(x + linear(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        inner = functional.gelu(linear(x, f"{at}.intermediate.dense"))
        x = norm(x + linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return x[0] / x[0].norm()


def shapes(vocabulary):
    width, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    pair = lambda name, rows, columns: [(f"{name}.weight", (rows, columns)), (f"{name}.bias", (rows,))]
    norm = lambda name: [(f"{name}.LayerNorm.weight", (width,)), (f"{name}.LayerNorm.bias", (width,))]
    tables = [("word", vocabulary), ("position", CONFIG["max_position_embeddings"]), ("token_type", CONFIG["type_vocab_size"])]
    every = [(f"embeddings.{name}_embeddings.weight", (rows, width)) for name, rows in tables] + norm("embeddings")
    for layer in range(CONFIG["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        for part in ["self.query", "self.key", "self.value", "output.dense"]:
            every += pair(f"{at}.attention.{part}", width, width)
        every += norm(f"{at}.attention.output") + pair(f"{at}.intermediate.dense", inner, width)
        every += pair(f"{at}.output.dense", width, inner) + norm(f"{at}.output")
    return every


def tokenizer_file(vocabulary):
    added = [{"id": id, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
             for id, token in enumerate(SPECIAL)]
    special = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": [special("[CLS]"), sequence, special("[SEP]")],
                           "pair": [special("[CLS]"), sequence, special("[SEP]"), {"Sequence": {"id": "B", "type_id": 1}}],
                           "special_tokens": {token: {"id": token, "ids": [SPECIAL.index(token)], "tokens": [token]} for token in ["[CLS]", "[SEP]"]}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": {token: id for id, token in enumerate(vocabulary)}},
    }


def main(folder):
    torch.manual_seed(400)
    vocabulary = [*SPECIAL, *dict.fromkeys(CHARACTERS), *WORDS]
    ids = {token: id for id, token in enumerate(vocabulary)}
    weights = {}
    for name, shape in shapes(len(vocabulary)):
        centre = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        spread = 0.3 if len(shape) == 1 else 1.0 if "embeddings" in name else 1.6 / shape[1] ** 0.5
        weights[name] = centre + spread * torch.randn(shape)
    os.makedirs(os.path.join(folder, "bert"), exist_ok=True)
    path = lambda name: os.path.join(folder, "bert", name)
    # In half precision, as some models are published.
    weights = {name: tensor.to(torch.float16) for name, tensor in weights.items()}
    save_file(weights, path("model.safetensors"), {"format": "pt"})
    json.dump({**CONFIG, "vocab_size": len(vocabulary)}, open(path("config.json"), "w", encoding="utf8"), indent=1)
    json.dump(tokenizer_file(vocabulary), open(path("tokenizer.json"), "w", encoding="utf8"), ensure_ascii=False, indent=None)

    single = {name: tensor.to(torch.float32) for name, tensor in weights.items()}
    texts = ["空调坏了怎么办", "冰箱不冷了", "开发票", "", "WiFi 坏了, ok?", "refund 2", "鑫", "我要退货" * 12, INSTRUCTION + "开发票"]
    cases = []
    with torch.no_grad():
        for text in texts:
            # The instruction's full-width colon is unknown to the vocabulary, as it is to nobody's tokeniser but ours.
            found = tokenise(text, ids)
            cases.append({"text": text, "ids": found, "vector": [float(numpy.round(value, 6)) for value in vector(single, found).tolist()]})
    with open(os.path.join(folder, "bert.json"), "w", encoding="utf8") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1])
