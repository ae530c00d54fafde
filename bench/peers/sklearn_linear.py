"""scikit-learn's linear models on MNIST, pixels from 0 to 1: seconds of one pass of Perceptron and of SGDClassifier on
squares (ten classes, each against the rest), and of LogisticRegression to the loss it ends with.

Each is measured in float32 and float64, passes with one and with two jobs; the value is the fastest. `extra` of
linear/logistic holds the objective reached (mean loss and penalty, C = 1): hebb_bench goes on to the same.
"""

import os

import common


def main():
    options = common.parse_arguments(__doc__, mnist=True)
    # Read when the libraries are loaded, hence before the imports.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    import warnings

    import numpy
    import sklearn
    from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier

    warnings.filterwarnings("ignore", category=sklearn.exceptions.ConvergenceWarning)
    images, labels, _, _ = common.read_mnist(options.data_dir)
    if options.quick:
        images, labels = images[:2000], labels[:2000]
    repetitions = options.repetitions or (1 if options.quick else 5)
    inputs = {kind.__name__: images.astype(kind) / kind(255) for kind in (numpy.float32, numpy.float64)}

    def adaline(jobs):
        return SGDClassifier(loss="squared_error", penalty=None, learning_rate="constant", eta0=1e-3, max_iter=1, tol=None,
                             random_state=1, n_jobs=jobs)

    def perceptron(jobs):
        return Perceptron(max_iter=1, tol=None, random_state=1, n_jobs=jobs)

    results = []
    for name, make in (("linear/perceptron_pass", perceptron), ("linear/adaline_pass", adaline)):
        ways = {}
        for kind, x in inputs.items():
            for jobs in (1, options.threads):
                ways[f"{kind}, {jobs} jobs"] = common.median_seconds(lambda: make(jobs).fit(x, labels), repetitions)
        results.append(common.fastest(name, "s", ways))

    # Of its solvers lbfgs is the fastest on data of this size; the others take minutes.
    ways, reached = {}, {}
    for kind, x in inputs.items():
        model = LogisticRegression(C=1.0, solver="lbfgs", max_iter=10 if options.quick else 100)
        ways[f"{kind}, lbfgs"] = common.seconds(lambda: model.fit(x, labels))
        log_p = model.predict_log_proba(inputs["float64"])
        loss = -log_p[numpy.arange(len(labels)), labels].mean()
        reached[f"{kind}, lbfgs"] = float(loss + (model.coef_**2).sum() / (2 * len(labels)))
    results.append(common.fastest("linear/logistic", "s", ways, objective=reached))
    common.emit("sklearn", sklearn.__version__, options.threads, results)


if __name__ == "__main__":
    main()
