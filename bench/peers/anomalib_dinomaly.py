"""anomalib's Dinomaly under PyTorch, timed on request: one line of standard input a request, one line of JSON an answer.

Usage: python anomalib_dinomaly.py ENCODER CROP BATCH   (timm's name of the encoder: vit_small_patch14_reg4_dinov2)
Requests: "train" (one step of BATCH images), "score" (one image), "memory" (peak, GB).

The encoder's weights are random, as speed does not depend on them and nothing is downloaded. anomalib's own lightning loop, loader,
logger and post-processor are left out: only its model, loss, optimizer and schedule are timed, which is to its advantage.
"""

import contextlib
import json
import resource
import sys
import time

with contextlib.redirect_stdout(sys.stderr):
    import anomalib
    import timm
    import torch
    from anomalib.models.image.dinomaly.components import StableAdamW, WarmCosineScheduler
    from anomalib.models.image.dinomaly.lightning_model import TRAINING_CONFIG
    from anomalib.models.image.dinomaly.torch_model import DinomalyModel


def build(encoder: str) -> DinomalyModel:
    create = timm.create_model
    timm.create_model = lambda *args, **options: create(*args, **{**options, "pretrained": False})
    model = DinomalyModel(encoder_name=encoder)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(("bottleneck.", "decoder."))
    return model


def main(encoder: str, crop: int, batch: int) -> None:
    torch.manual_seed(1)
    with contextlib.redirect_stdout(sys.stderr):
        model = build(encoder)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = StableAdamW([{"params": trained}], **TRAINING_CONFIG["optimizer"])
    schedule = WarmCosineScheduler(optimizer, **{**TRAINING_CONFIG["scheduler"], "total_iters": 5000})
    images = torch.rand(batch, 3, crop, crop)
    steps = 0

    def train() -> None:
        nonlocal steps
        model.train()
        loss = model(images, global_step=steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        loss.item()
        steps += 1

    def score() -> None:
        model.eval()
        with torch.inference_mode():
            model(images[:1]).pred_score.item()

    work = {"train": train, "score": score}
    answer({"versions": f"anomalib {anomalib.__version__}, PyTorch {torch.__version__}", "threads": torch.get_num_threads()})
    for line in sys.stdin:
        request = line.strip()
        if request == "memory":
            answer({"gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20})
            continue
        start = time.perf_counter()
        work[request]()
        answer({"ms": 1000 * (time.perf_counter() - start)})


def answer(value: dict) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
