"""oneDNN's convolutions through PyTorch, float32, channels_last: the three passes of the layers of ResNet-20 and ResNet-50."""

import torch

import common


def main():
    arguments = common.parse_arguments(__doc__)
    torch.set_num_threads(arguments.threads)
    layers = common.CONV_LAYERS[:2] if arguments.quick else common.CONV_LAYERS
    results = []
    for layer in layers:
        batch, size, channels, outputs, kernel, stride = layer
        padding = kernel // 2
        x = torch.randn(batch, channels, size, size).to(memory_format=torch.channels_last)
        w = torch.randn(outputs, channels, kernel, kernel).to(memory_format=torch.channels_last)
        with torch.no_grad():
            y = torch.conv2d(x, w, stride=stride, padding=padding)
            g = torch.randn_like(y)

            def backward(mask):
                return torch.ops.aten.convolution_backward(
                    g, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, mask)

            flop = 2 * y.numel() * channels * kernel * kernel
            for kind, work in (("forward", lambda: torch.conv2d(x, w, stride=stride, padding=padding)),
                               ("image_gradient", lambda: backward([True, False, False])),
                               ("filter_gradient", lambda: backward([False, True, False]))):
                each = common.seconds_per_call(work, repetitions=arguments.repetitions or 7)
                results.append(common.result(common.conv_name(*layer, kind), flop / each / 1e9, "GFLOP/s"))
    common.emit("onednn", torch.__version__.split("+")[0], arguments.threads, results)


if __name__ == "__main__":
    main()
