#include "report/data_view.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "core/parallel.hpp"

namespace hebb::report {

namespace {

constexpr std::int64_t kBlock = 256;  // samples looked at at a time

Samples all_of(const Dataset& data) {
  Samples all{&data, std::vector<std::int64_t>(static_cast<std::size_t>(data.size()))};
  std::iota(all.indices.begin(), all.indices.end(), 0);
  return all;
}

/// FNV-1a, word by word; -0 counts as 0, as it does when inputs are compared.
std::uint64_t hash_of(std::span<const float> inputs) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const float input : inputs) {
    const float value = input + 0.0F;
    std::uint32_t word = 0;
    std::memcpy(&word, &value, sizeof word);
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
  }
  return hash;
}

std::vector<std::uint64_t> hashes_of(const Samples& samples) {
  std::vector<std::uint64_t> hashes(samples.indices.size());
  if (samples.data == nullptr) return hashes;
  const auto width = static_cast<std::size_t>(samples.data->input_shape().elements());
  parallel_ranges(samples.size(), kBlock, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> inputs(static_cast<std::size_t>(kBlock) * width);
    for (std::int64_t start = begin; start < end; start += kBlock) {
      const auto n = static_cast<std::size_t>(std::min(kBlock, end - start));
      const auto at = static_cast<std::size_t>(start);
      samples.data->fill(std::span(samples.indices).subspan(at, n), inputs.data(), {});
      for (std::size_t i = 0; i < n; ++i)
        hashes[at + i] = hash_of(std::span(inputs).subspan(i * width, width));
    }
  });
  return hashes;
}

std::vector<float> inputs_of(const Dataset& data, std::int64_t sample) {
  std::vector<float> inputs(static_cast<std::size_t>(data.input_shape().elements()));
  data.fill(std::span(&sample, 1), inputs.data(), {});
  return inputs;
}

std::int32_t label_of(const Dataset& data, std::int64_t sample) {
  std::int32_t label = 0;
  data.fill(std::span(&sample, 1), nullptr, {.labels = &label});
  return label;
}

using Places = std::unordered_multimap<std::uint64_t, std::int64_t>;

std::int64_t count_in_training(const Samples& train, const Places& places, const Samples& part) {
  const std::vector<std::uint64_t> hashes = hashes_of(part);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const auto [begin, end] = places.equal_range(hashes[i]);
    if (begin == end) continue;
    const std::vector<float> inputs = inputs_of(*part.data, part.indices[i]);
    count += std::any_of(begin, end,
                         [&](const auto& place) { return inputs_of(*train.data, place.second) == inputs; });
  }
  return count;
}

/// Samples that are equal.
struct Group {
  std::vector<float> inputs;
  std::int32_t label;
  std::int64_t size = 0;
  bool mixed = false;  ///< of several classes
};

/// Most samples have no equal, so that few are compared.
std::int64_t count_contradictions(const Samples& train, const Places& places) {
  std::int64_t count = 0;
  for (auto at = places.begin(); at != places.end();) {
    const auto [begin, end] = places.equal_range(at->first);
    at = end;
    if (std::next(begin) == end) continue;
    std::vector<Group> groups;  // of one hash: hardly ever more than one
    for (auto place = begin; place != end; ++place) {
      const std::vector<float> inputs = inputs_of(*train.data, place->second);
      const std::int32_t label = label_of(*train.data, place->second);
      auto group =
          std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.inputs == inputs; });
      if (group == groups.end()) group = groups.insert(group, {inputs, label});
      ++group->size;
      group->mixed = group->mixed || label != group->label;
    }
    for (const Group& group : groups) count += group.mixed ? group.size : 0;
  }
  return count;
}

}  // namespace

const Samples& RunData::held_out() const {
  return test.data != nullptr ? test : validation.data != nullptr ? validation : train;
}

std::string RunData::held_out_name() const {
  return test.data != nullptr ? "test" : validation.data != nullptr ? "validation" : "training";
}

RunData divided(DataSplits splits, const TrainConfig& config) {
  RunData data{.splits = std::move(splits)};
  const Dataset& train = *data.splits.train;
  if (config.validation > 0) {
    Split split = validation_split(train, config.validation, config.seed);
    data.train = {&train, std::move(split.train)};
    data.validation = {&train, std::move(split.validation)};
  } else {
    data.train = all_of(train);
  }
  if (data.splits.test != nullptr) data.test = all_of(*data.splits.test);
  return data;
}

Overlaps find_overlaps(const RunData& data) {
  Overlaps found;
  const std::vector<std::uint64_t> hashes = hashes_of(data.train);
  Places places;
  places.reserve(hashes.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) places.emplace(hashes[i], data.train.indices[i]);
  const Samples& part = data.held_out();
  if (part.data != nullptr && &part != &data.train) {
    found.part = data.held_out_name();
    found.in_training = count_in_training(data.train, places, part);
  }
  if (data.train.data->target_kind() == TargetKind::classes)
    found.contradictions = count_contradictions(data.train, places);
  return found;
}

DataView view_of(const RunData& data) {
  DataView view{.summary = summarize(data.splits), .overlaps = find_overlaps(data)};
  if (view.summary.target_kind == TargetKind::classes) {
    const std::vector<std::int32_t> labels = all_labels(*data.train.data);
    view.counts.resize(static_cast<std::size_t>(view.summary.outputs));
    for (const std::int64_t i : data.train.indices)
      ++view.counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])];
  }
  return view;
}

}  // namespace hebb::report
