"""PyTorch on the recipe fast-mnist: the same network, optimiser, schedule, batch and epochs; accuracy on the test samples,
and seconds from the start of the process to the last of them. With --seed N one run; else five, a process each.
"""

import json
import statistics
import subprocess
import sys
import time

import common


def run(arguments, seed):
    import torch
    import torch.nn.functional as F
    from torch import nn

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(seed)
    images, labels, test_images, test_labels = (torch.from_numpy(part) for part in common.read_mnist(arguments.data_dir))
    mean, deviation = images.float().mean(), images.float().std()

    def prepared(part):
        return ((part.float() - mean) / deviation).view(-1, 1, 28, 28).to(memory_format=torch.channels_last)

    model = nn.Sequential(nn.Conv2d(1, 16, 5, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3, bias=False), nn.MaxPool2d(2),
                          nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(), nn.Linear(800, 64, bias=False), nn.BatchNorm1d(64),
                          nn.ReLU(), nn.Linear(64, 10)).to(memory_format=torch.channels_last)
    epochs, batch = 2, 128
    steps = -(-len(images) // batch)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.015, total_steps=epochs * steps)
    for _ in range(epochs):
        for index in torch.randperm(len(images)).split(batch):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(prepared(images[index])), labels[index].long()).backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        found = torch.cat([model(prepared(part)).argmax(1) for part in test_images.split(1000)])
    return float((found == test_labels).float().mean()) * 100, torch.__version__.split("+")[0]


def main():
    seed = next((int(sys.argv[i + 1]) for i, word in enumerate(sys.argv[:-1]) if word == "--seed"), None)
    if seed is not None:
        at = sys.argv.index("--seed")
        del sys.argv[at:at + 2]
    arguments = common.parse_arguments(__doc__, mnist=True)
    if seed is not None:
        json.dump(run(arguments, seed), sys.stdout)
        return
    runs = []
    for number in range(1 if arguments.quick else 5):
        start = time.perf_counter()
        output = subprocess.run([sys.executable, *sys.argv, "--seed", str(number)], check=True, capture_output=True).stdout
        runs.append((*json.loads(output), time.perf_counter() - start))
    common.emit("pytorch", runs[0][1], arguments.threads,
                [common.result("fast-mnist/accuracy", statistics.median(r[0] for r in runs), "%"),
                 common.result("fast-mnist/seconds", statistics.median(r[2] for r in runs), "s")])


if __name__ == "__main__":
    main()
