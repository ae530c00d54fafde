"""Joins the results of hebb_bench and of the peer scripts into a Markdown table.

    python3 bench/report.py build/bench/*.json

A file holds one JSON value: a list of results (Hebb's own), or an object with "peer", "version", "threads" and
"results" (see bench/peers/common.py). A result is {"name", "value", "unit", "extra"}. What Hebb's results say of
themselves in "extra": `peak_share` (share of the machine's measured peak, 0 to 1), `target` (what is to be reached,
in the same unit), `target_share` (the share to be reached: what binds on any machine). A result of hebb_bench whose "extra" has a `peer` (OpenBLAS, linked by the benchmark itself)
belongs to that peer.

The ratio is Hebb's speed relative to the fastest peer: above 1, Hebb is faster.
"""

import json
import statistics
import sys

PEER_ORDER = ["pytorch", "onnxruntime", "sklearn", "numpy", "openblas", "onednn"]
PEER_TITLES = {"pytorch": "PyTorch", "sklearn": "scikit-learn", "numpy": "NumPy", "openblas": "OpenBLAS",
               "onednn": "oneDNN of PyTorch", "onnxruntime": "ONNX Runtime"}
HIGHER_IS_BETTER = {"GFLOP/s", "GB/s", "%", "1/s", "x"}


def load(paths):
    """{name: {"unit", "hebb", "extra", "peers": {peer: value}}} in order of appearance, and {peer: version}."""
    rows, versions = {}, {}
    documents = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if isinstance(document, list):
            document = {"peer": "hebb", "results": document}
        documents.append(document)
    # Hebb's own file leads, so that its order is the table's.
    documents.sort(key=lambda document: document.get("peer", "hebb") != "hebb")
    for document in documents:
        owner = document.get("peer", "hebb")
        if "version" in document:
            versions[owner] = document["version"]
        for entry in document["results"]:
            extra = entry.get("extra") or {}
            row = rows.setdefault(entry["name"], {"unit": entry["unit"], "hebb": None, "extra": {}, "peers": {}})
            if row["unit"] != entry["unit"]:
                raise SystemExit(f"{entry['name']}: {owner} measures in {entry['unit']}, another in {row['unit']}")
            peer = extra.get("peer", owner)
            if peer == "hebb":
                row["hebb"], row["extra"] = entry["value"], extra
            else:
                row["peers"][peer] = entry["value"]
    return rows, versions


def number(value):
    if value is None:
        return ""
    return f"{value:.0f}" if value == 0 or abs(value) >= 100 else f"{value:.3g}"


def ratio(row):
    """How many times as fast as the fastest peer; nothing for quantities that are not speeds."""
    if row["hebb"] is None or not row["peers"] or row["unit"] == "%":
        return ""
    higher = row["unit"] in HIGHER_IS_BETTER
    best = (max if higher else min)(row["peers"].values())
    if not best or not row["hebb"]:
        return ""
    return f"{row['hebb'] / best if higher else best / row['hebb']:.2f}"


def target(row):
    goal = row["extra"].get("target")
    share = row["extra"].get("target_share")
    if share is not None:
        return f"{100 * share:.0f} % of peak {'reached' if row['extra']['peak_share'] >= share else '**missed**'}"
    if goal is None or row["hebb"] is None:
        return ""
    reached = row["hebb"] >= goal if row["unit"] in HIGHER_IS_BETTER else row["hebb"] <= goal
    return f"{number(goal)} {'reached' if reached else '**missed**'}"


def table(rows, versions):
    found = {peer for row in rows.values() for peer in row["peers"]}
    peers = [peer for peer in PEER_ORDER if peer in found] + sorted(found - set(PEER_ORDER))
    titles = [f"{PEER_TITLES.get(peer, peer)} {versions.get(peer, '')}".strip() for peer in peers]
    header = ["", "unit", "Hebb", *titles, "ratio to the fastest peer", "share of peak", "target"]
    lines = [header, ["---", "---"] + ["---:"] * (len(header) - 2)]
    for name, row in rows.items():
        share = row["extra"].get("peak_share")
        lines.append([name, row["unit"], number(row["hebb"])] + [number(row["peers"].get(peer)) for peer in peers] +
                     [ratio(row), "" if share is None else f"{100 * share:.0f} %", target(row)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


PASSES = ("forward", "image_gradient", "filter_gradient")


def convolution_table(rows):
    """The rows named conv/LAYER/PASS, a line a layer: GFLOP/s, and the ratio to the peer; geometric means last."""
    lines = [["layer"] + [part for kind in PASSES for part in (kind.replace("_", " "), "ratio")], ["---"] + ["---:"] * 6]
    ratios = {kind: [] for kind in PASSES}
    for layer in dict.fromkeys(name.split("/")[1] for name in rows):
        line = [layer]
        for kind in PASSES:
            row = rows.get(f"conv/{layer}/{kind}", {"hebb": None, "peers": {}, "unit": "GFLOP/s"})
            line += [number(row["hebb"]), ratio(row)]
            if ratio(row):
                ratios[kind].append(row["hebb"] / max(row["peers"].values()))
        lines.append(line)
    means = ["geometric mean"]
    for kind in PASSES:
        means += ["", f"{statistics.geometric_mean(ratios[kind]):.2f}" if ratios[kind] else ""]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines + [means])


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(sys.argv) > 1 else 2
    rows, versions = load(sys.argv[1:])
    layers = {name: row for name, row in rows.items() if name.startswith("conv/")}
    print(table({name: row for name, row in rows.items() if name not in layers}, versions))
    if layers:
        print("\nConvolutions, batch x height x width x channels - outputs k kernel s stride, GFLOP/s:\n")
        print(convolution_table(layers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
