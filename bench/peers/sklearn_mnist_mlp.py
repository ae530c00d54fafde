"""scikit-learn's MLPClassifier on MNIST: 784-128-10, relu, Adam; seconds an epoch, accuracy, latency of one sample.

An epoch is one partial_fit over all 60000 samples, which shuffles; conversion of the bytes is included.
"""

import os
import statistics

import common


def main():
    options = common.parse_arguments(__doc__, mnist=True)
    # Read when the libraries are loaded, hence before the imports.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    import numpy
    import sklearn
    from sklearn.neural_network import MLPClassifier

    train_x, train_y, test_x, test_y = common.read_mnist(options.data_dir)
    if options.quick:
        train_x, train_y = train_x[:2000], train_y[:2000]
    repetitions = options.repetitions or (1 if options.quick else 3)
    classes = numpy.arange(10)

    def scale(images):
        return images.astype(numpy.float32) / numpy.float32(255)

    def make(batch, seed):
        return MLPClassifier((128,), activation="relu", solver="adam", alpha=0.0, learning_rate_init=1e-3,
                             batch_size=batch, shuffle=True, random_state=seed)

    def epoch(model):
        model.partial_fit(scale(train_x), train_y, classes=classes)

    results = []
    for batch in (128, 32):
        model = make(batch, 1)
        each = common.median_seconds(lambda: epoch(model), repetitions)
        results.append(common.result(f"mnist_mlp/epoch_batch{batch}", each, "s"))

    scores = []
    for seed in range(9):
        model = make(128, seed)
        for _ in range(1 if options.quick else 5):
            epoch(model)
        scores.append(100 * float((model.predict(scale(test_x)) == test_y).mean()))
    results.append(common.result("mnist_mlp/accuracy_5_epochs", statistics.median(scores), "%", seeds=list(range(9)),
                                 all=scores))
    one = scale(test_x[:1])
    each = common.seconds_per_call(lambda: model.predict_proba(one), 0.02 if options.quick else 0.2)
    results.append(common.result("mnist_mlp/inference_one_sample", each * 1e6, "us", way="predict_proba"))
    common.emit("sklearn", sklearn.__version__, options.threads, results)


if __name__ == "__main__":
    main()
