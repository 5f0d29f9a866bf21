"""Values and gradients of the field's losses, from their authors' formulas in PyTorch (float64): python3 testdata/losses/make.py

Writes losses.json beside itself. Inputs are rounded to float32 first, so that a float32 implementation starts from the same numbers.
Where the authors' code is public, what is computed here was compared with that code's own result once, at full masks, and agreed to
1e-9: open_clip (SigLipLoss, DistillClipLoss), CE-CLIP (get_cmr_loss and its thresholds), Structure-CLIP (MarginLoss, WinoLoss), TSVLC (the
caption side of get_loss_pos_only), CLIC (l2), TripletCLIP, DeGLA (get_mse_distill_loss), C2LIP (the xac term). The intra-modal loss is the paper's formula, which CE-CLIP's
code does not compute.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(0)
B, K, D, P = 4, 2, 6, 5


def rounded(x):
    return x.float().double()


def unit(*shape):
    return rounded(F.normalize(torch.randn(*shape, dtype=torch.float64), dim=-1))


inputs = {
    "imageFeatures": unit(B, D),
    "textFeatures": unit(B * (1 + K), D),
    "captions": unit(B, D),
    "pairs": unit(2 * B, D),
    "paraphraseFeatures": unit(B, D),
    "negativeImageFeatures": unit(B, D),
    "teacherImageFeatures": unit(B, D),
    "teacherTextFeatures": unit(B, D),
    "teacherLogitScale": torch.tensor(20.0, dtype=torch.float64),
    "imageTokens": rounded(torch.randn(B, P, D, dtype=torch.float64)),
    "phraseFeatures": unit(7, D),
    "logitScale": torch.tensor(10.0, dtype=torch.float64),
    "logitBias": torch.tensor(-3.0, dtype=torch.float64),
    "negativeMask": torch.ones(K, B, dtype=torch.float64),
    "someMask": torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1]], dtype=torch.float64),
    "rankMargins": torch.tensor([1.5, 0.25], dtype=torch.float64),
    "imageIds": torch.tensor([0, 1, 1, 2]),
    "textIds": torch.tensor([0, 1, 2, 0, 1, -1, 2, -1, 0, 1, -1, 2]),
    "phraseIds": torch.tensor([0, 0, 1, 2, 2, 2, -1]),
}
diagonal = torch.arange(B)


def own(query, x):
    """Of every image (or caption) with its own K negatives: [B, K]."""
    return torch.einsum("bd,kbd->bk", query, x["textFeatures"][B:].view(K, B, D))


def sigmoid(x):
    logits = x["logitScale"] * x["imageFeatures"] @ x["captions"].t() + x["logitBias"]
    return -F.logsigmoid((2 * torch.eye(B) - 1) * logits).sum(1)


def intra_modal(x):
    right = x["logitScale"] * (x["imageFeatures"] * x["textFeatures"][:B]).sum(1)
    return torch.logsumexp(x["logitScale"] * own(x["textFeatures"][:B], x), 1) - right


def gaps(x):
    """How far every negative's cosine is above the caption's: [B, K]."""
    return own(x["imageFeatures"], x) - (x["imageFeatures"] * x["textFeatures"][:B]).sum(1, keepdim=True)


def hinge(x):
    return F.relu(0.2 + gaps(x)).mean(1)


def hinge_some(x):
    mask = x["someMask"].t()
    return (F.relu(0.2 + gaps(x)) * mask).sum(1) / mask.sum(1).clamp(min=1)


def rank(x):
    return F.relu(x["rankMargins"] + x["logitScale"] * gaps(x)).mean(1)


def rank_positive(x):
    return rank(x) + F.relu(4.0 - x["logitScale"] * (x["imageFeatures"] * x["textFeatures"][:B]).sum(1))


def margins(x):
    return (-x["logitScale"] * gaps(x)).mean(0).clamp(0, 10)


def triplet(x, ids=None, hardest=True):
    cosines = x["imageFeatures"] @ x["captions"].t()
    same = torch.eye(B, dtype=torch.bool) if ids is None else ids[:, None] == ids
    right = cosines.diag()

    def side(scores):
        if hardest:
            return F.relu(0.2 + scores.masked_fill(same, -10).amax(1) - right)
        hinges = F.relu(0.2 + scores - right[:, None]) * ~same
        return hinges.sum(1) / (~same).sum(1)

    return side(cosines) + side(cosines.t())


def multi_positive(x):
    logits = x["logitScale"] * x["imageFeatures"] @ x["textFeatures"].t()
    positive = (x["imageIds"][:, None] == x["textIds"]).double()
    both = F.log_softmax(logits, 1) + F.log_softmax(logits, 0)
    return -(positive * both).sum(1) / positive.sum(1) / 2


def text_contrast(x, symmetric=False):
    logits = x["logitScale"] * x["paraphraseFeatures"] @ x["captions"].t()
    found = F.cross_entropy(logits, diagonal, reduction="none")
    return (found + F.cross_entropy(logits.t(), diagonal, reduction="none")) / 2 if symmetric else found


def text_alignment(x):
    return ((x["captions"] - x["paraphraseFeatures"]) ** 2).sum(1)


def triplet_clip(x):
    def side(images, texts, negatives):
        logits = x["logitScale"] * images @ texts.t()
        extra = torch.cat([logits, x["logitScale"] * images @ negatives.t()], 1)
        return (F.cross_entropy(extra, diagonal, reduction="none") + F.cross_entropy(logits.t(), diagonal, reduction="none")) / 2

    texts, negatives = x["pairs"][:B], x["pairs"][B:]
    return side(x["imageFeatures"], texts, negatives) + side(x["negativeImageFeatures"], negatives, texts)


def feature_distillation(x):
    images = ((x["imageFeatures"] - x["teacherImageFeatures"]) ** 2).sum(1)
    return images + ((x["captions"] - x["teacherTextFeatures"]) ** 2).sum(1)


def similarity_distillation(x):
    student = x["logitScale"] * x["imageFeatures"] @ x["captions"].t()
    teacher = x["teacherLogitScale"] * x["teacherImageFeatures"] @ x["teacherTextFeatures"].t()

    def side(teacher, student):
        return -(teacher.softmax(1) * student.log_softmax(1)).sum(1)

    return (side(teacher, student) + side(teacher.t(), student.t())) / 2


def phrase_patch(x):
    phrases, images = x["phraseFeatures"], x["imageTokens"]
    attention = torch.softmax(torch.einsum("fd,bpd->bfp", phrases, images), -1)
    pooled = F.normalize(torch.einsum("bfp,bpd->bfd", attention, images), dim=-1)
    logits = x["logitScale"] * torch.einsum("bfd,fd->bf", pooled, phrases) + x["logitBias"]
    labels = 2.0 * (x["imageIds"][:, None] == x["phraseIds"]) - 1
    return -F.logsigmoid(labels * logits).sum(0) * (x["phraseIds"] >= 0)


features = ["imageFeatures", "textFeatures", "logitScale"]
paired = ["imageFeatures", "captions", "logitScale"]
negatives = {"negativeMask": "negativeMask"}
teacher = {"teacherImageFeatures": "teacherImageFeatures", "teacherTextFeatures": "teacherTextFeatures"}
ids = {"imageIds": "imageIds"}
# name, loss of the package, formula, what it is differentiated by, its batch, options, rows that its mean is over (all without it)
cases = [
    ("sigmoid", "sigmoidLoss", sigmoid, [*paired, "logitBias"], {}, {}, None),
    ("intra-modal", "intraModalLoss", intra_modal, features, negatives, {}, None),
    ("hinge", "hingeLoss", hinge, features[:2], negatives, {}, None),
    ("hinge, empty slots", "hingeLoss", hinge_some, features[:2], {"negativeMask": "someMask"}, {}, [0, 2, 3]),
    ("rank", "rankLoss", rank, features, {**negatives, "rankMargins": "rankMargins"}, {}, None),
    ("rank, positive margin", "rankLoss", rank_positive, features, {**negatives, "rankMargins": "rankMargins"}, {"positiveMargin": 4}, None),
    ("next margins", "nextRankMargins", margins, [], {**negatives, "rankMargins": "rankMargins"}, {}, None),
    ("triplet", "tripletLoss", triplet, paired[:2], {}, {}, None),
    ("triplet, same images", "tripletLoss", lambda x: triplet(x, x["imageIds"]), paired[:2], ids, {}, None),
    ("triplet, all", "tripletLoss", lambda x: triplet(x, x["imageIds"], False), paired[:2], ids, {"hardest": False}, None),
    ("multi-positive", "multiPositiveLoss", multi_positive, features, {**ids, "textIds": "textIds"}, {}, None),
    ("text contrast", "textContrastLoss", text_contrast, ["captions", "paraphraseFeatures", "logitScale"], {}, {}, None),
    (
        "text contrast, symmetric",
        "textContrastLoss",
        lambda x: text_contrast(x, True),
        ["captions", "paraphraseFeatures", "logitScale"],
        {},
        {"symmetric": True},
        None,
    ),
    ("text alignment", "textAlignmentLoss", text_alignment, ["captions", "paraphraseFeatures"], {}, {}, None),
    ("triplet clip", "tripletClipLoss", triplet_clip, ["imageFeatures", "negativeImageFeatures", "pairs", "logitScale"], {}, {}, None),
    ("feature distillation", "featureDistillationLoss", feature_distillation, paired[:2], teacher, {}, None),
    (
        "similarity distillation",
        "similarityDistillationLoss",
        similarity_distillation,
        paired,
        {**teacher, "teacherLogitScale": "teacherLogitScale"},
        {},
        None,
    ),
    (
        "phrase-patch",
        "phrasePatchLoss",
        phrase_patch,
        ["imageTokens", "phraseFeatures", "logitScale", "logitBias"],
        {**ids, "phraseIds": "phraseIds"},
        {},
        [0, 1, 2, 3, 4, 5],
    ),
]


def main():
    written = []
    for name, loss, formula, by, batch, options, rows in cases:
        given = {key: x.clone().requires_grad_(key in by) for key, x in inputs.items()}
        values = formula(given)
        mean = (values if rows is None else values[rows]).mean()
        if by:
            mean.backward()
        case = {"name": name, "loss": loss, "batch": batch, "options": options, "output": by or features}
        case |= {"values": values.tolist(), "mean": mean.item(), "gradients": {key: given[key].grad.flatten().tolist() for key in by}}
        written.append(case)
    arrays = {key: {"shape": list(x.shape), "data": x.flatten().tolist()} for key, x in inputs.items()}
    text = json.dumps({"torch": torch.__version__, "inputs": arrays, "cases": written}, indent=1)
    pathlib.Path(__file__).with_name("losses.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
