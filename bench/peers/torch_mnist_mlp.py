"""PyTorch on MNIST: 784-128-10, relu, Adam; seconds an epoch, accuracy, latency of one sample.

The images stay bytes in memory; a permutation of indices stands in for a loader. An epoch is the training pass over
all 60000 samples, shuffling and conversion included. Ways: eager, the loss compiled, the whole batch compiled
(gathering and conversion too), each with the fused Adam.
"""

import statistics
import time

import torch
import torch.nn.functional as F

import common


class Trainer:
    def __init__(self, images, labels, batch, seed, way):
        torch.manual_seed(seed)
        self.images, self.labels, self.batch = images, labels, batch
        scaled = images.float() / 255
        self.mean, self.deviation = float(scaled.mean()), float(scaled.std())
        self.model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True)
        self.loss = self.batch_loss
        if way == "loss compiled":
            compiled = torch.compile(lambda x, y: F.cross_entropy(self.model(x), y), dynamic=False)
            self.loss = lambda index: compiled(self.scale(self.images[index]), self.labels[index])
        elif way == "batch compiled":
            self.loss = torch.compile(self.batch_loss, dynamic=False)

    def scale(self, images):
        return (images.float() / 255 - self.mean) / self.deviation

    def batch_loss(self, index):
        return F.cross_entropy(self.model(self.scale(self.images[index])), self.labels[index])

    def epoch(self):
        for index in torch.randperm(len(self.images)).split(self.batch):
            self.optimizer.zero_grad(set_to_none=True)
            self.loss(index).backward()
            self.optimizer.step()

    def accuracy(self, images, labels):
        with torch.inference_mode():
            return 100 * float((self.model(self.scale(images)).argmax(1) == labels).float().mean())


def epoch_seconds(images, labels, batch, repetitions):
    ways = {}
    for way in ("eager", "loss compiled", "batch compiled"):
        def work(way=way):
            trainer = Trainer(images, labels, batch, 1, way)
            return common.median_seconds(trainer.epoch, repetitions)
        common.attempt(way, work, ways)
    return common.fastest(f"mnist_mlp/epoch_batch{batch}", "s", ways)


def accuracy(train, test, epochs, way):
    found = []
    for seed in range(9):
        trainer = Trainer(*train, 128, seed, way)
        for _ in range(epochs):
            trainer.epoch()
        found.append(trainer.accuracy(*test))
    return common.result("mnist_mlp/accuracy_5_epochs", statistics.median(found), "%", seeds=list(range(9)), all=found)


def latency(images):
    """One sample to logits. The model of a Trainer, as eager, as plain functions, compiled, and frozen."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)).eval()
    w1, b1, w2, b2 = [p.detach() for p in model.parameters()]
    x = images[:1].float() / 255
    ways = {}

    def timed(function):
        def work():
            with torch.inference_mode():
                for _ in range(20):  # compilers and profilers of graphs settle first
                    function(x)
                return common.seconds_per_call(lambda: function(x)) * 1e6
        return work

    common.attempt("eager", timed(model), ways)
    common.attempt("functions", timed(lambda v: F.linear(F.relu_(F.linear(v, w1, b1)), w2, b2)), ways)
    common.attempt("compiled", lambda: timed(torch.compile(model, dynamic=False))(), ways)
    common.attempt("torch.jit.freeze", lambda: timed(
        torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x))))(), ways)
    return common.fastest("mnist_mlp/inference_one_sample", "us", ways)


def main():
    options = common.parse_arguments(__doc__, mnist=True)
    torch.set_num_threads(options.threads)
    start = time.perf_counter()
    parts = common.read_mnist(options.data_dir)
    load = time.perf_counter() - start
    train_x, train_y, test_x, test_y = [torch.from_numpy(part) for part in parts]
    train, test = (train_x, train_y.long()), (test_x, test_y.long())
    if options.quick:
        train = (train[0][:2000], train[1][:2000])
    repetitions = options.repetitions or (1 if options.quick else 5)
    results = [common.result("mnist/load", load, "s", note="gzip and struct of Python, for scale")]
    results += [epoch_seconds(*train, batch, repetitions) for batch in (128, 32)]
    results += [accuracy(train, test, 1 if options.quick else 5, results[1]["extra"]["best"]), latency(train_x)]
    common.emit("pytorch", torch.__version__, options.threads, results)


if __name__ == "__main__":
    main()
