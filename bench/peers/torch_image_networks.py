"""PyTorch on the image networks lenet5, cnn and resnet20: training with Adam on random images of batch 64, in float32
and bf16, and inference of cnn. Ways: eager and compiled, both channels_last with the fused Adam; bf16 by autocast.
"""

import torch
import torch.nn.functional as F
from torch import nn

import common


def lenet5():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
                         nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(),
                         nn.Linear(84, 10))


def cnn():
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Dropout(0.2), nn.Flatten(), nn.Linear(4608, 128), nn.ReLU(), nn.Dropout(0.2),
                         nn.Linear(128, 10))


class Block(nn.Module):
    """He et al. 2016, with a shortcut that pads channels with zeros (option A)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride, self.more = stride, outputs - inputs
        self.body = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                                  nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        short = x[:, :, ::self.stride, ::self.stride]
        if self.more:
            short = F.pad(short, (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
        return F.relu(self.body(x) + short)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inputs = 16
    for outputs in (16, 32, 64):
        for i in range(3):
            layers.append(Block(inputs, outputs, 2 if i == 0 and outputs > 16 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def training(make, shape, compiled, bf16, batch, repetitions):
    torch.manual_seed(1)
    model = make().to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    x = torch.randn(batch, *shape).to(memory_format=torch.channels_last)
    y = torch.arange(batch) % 10

    def loss():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            return F.cross_entropy(model(x), y)

    loss = torch.compile(loss, dynamic=False) if compiled else loss

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    for _ in range(3):
        step()
    return 1e6 * common.seconds_per_call(step, at_least=0.5, repetitions=repetitions) / batch


def inference(model, batch, compiled, bf16, repetitions):
    x = torch.randn(batch, 1, 28, 28).to(memory_format=torch.channels_last)
    run = torch.compile(model, dynamic=False) if compiled else model

    def work():
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            run(x)

    for _ in range(3):
        work()
    return 1e6 * common.seconds_per_call(work, repetitions=repetitions)


def onnx_inference(batch, threads, repetitions):
    import io

    import numpy
    import onnxruntime

    model = cnn().eval()
    file = io.BytesIO()
    x = torch.randn(batch, 1, 28, 28)
    torch.onnx.export(model, (x,), file, input_names=["x"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    feed = {"x": x.numpy().astype(numpy.float32)}
    return 1e6 * common.seconds_per_call(lambda: session.run(None, feed), repetitions=repetitions)


def main():
    arguments = common.parse_arguments(__doc__)
    torch.set_num_threads(arguments.threads)
    repetitions = arguments.repetitions or (1 if arguments.quick else 5)
    results = []
    for name, make, shape in (("lenet5", lenet5, (1, 28, 28)), ("cnn", cnn, (1, 28, 28)), ("resnet20", resnet20, (3, 32, 32))):
        for bf16 in (False, True):
            ways = {}
            for compiled in (False, True):
                common.attempt("compiled" if compiled else "eager",
                               lambda: training(make, shape, compiled, bf16, 64, repetitions), ways)
            results.append(common.fastest(f"{name}/train_batch64" + ("_bf16" if bf16 else ""), "us/sample", ways))
    model = cnn().eval().to(memory_format=torch.channels_last)
    for bf16 in (False, True):
        for batch in (1, 256):
            ways = {}
            for compiled in (False, True):
                common.attempt("compiled" if compiled else "eager",
                               lambda: inference(model, batch, compiled, bf16, repetitions), ways)
            results.append(common.fastest(f"cnn/inference_batch{batch}" + ("_bf16" if bf16 else ""), "us", ways))
    for batch in (1, 256):
        ways = {}
        common.attempt("onnxruntime", lambda: onnx_inference(batch, arguments.threads, repetitions), ways)
        for value in ways.values():
            results.append(common.result(f"cnn/inference_batch{batch}", value, "us", peer="onnxruntime"))
    common.emit("pytorch", torch.__version__.split("+")[0], arguments.threads, results)


if __name__ == "__main__":
    main()
