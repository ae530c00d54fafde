#include "hebb/module.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/names.hpp"
#include "hebb/error.hpp"

namespace hebb {

Tensor ForwardContext::current(const Tensor& leaf) const {
  for (const Update& update : updates) {
    if (update.leaf.same_as(leaf)) return update.value;
  }
  return leaf;
}

void ForwardContext::update(const Tensor& leaf, Tensor value) {
  for (Update& update : updates) {
    if (!update.leaf.same_as(leaf)) continue;
    update.value = std::move(value);
    return;
  }
  updates.push_back({leaf, std::move(value)});
}

void ParameterVisitor::operator()(std::string_view name, Tensor& value, bool trainable) {
  std::string full = prefix_ + std::string(name);
  for (const NamedTensor& other : found_) {
    if (other.name == full) throw ConfigError("two parameters have the name " + in_quotes(full));
  }
  found_.push_back({std::move(full), &value, trainable});
}

std::vector<NamedValue> parameter_values(const std::vector<NamedTensor>& parameters) {
  std::vector<NamedValue> values;
  values.reserve(parameters.size());
  for (const NamedTensor& p : parameters) values.push_back({p.name, *p.value, p.trainable});
  return values;
}

std::int64_t count_trainable(const std::vector<NamedTensor>& parameters) {
  std::int64_t count = 0;
  for (const NamedTensor& p : parameters) count += p.trainable && !p.value->empty() ? p.value->size() : 0;
  return count;
}

bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t n = 0;
  std::size_t p = 0;
  // Where to go on when a guess about the last star fails: one more character for it.
  std::size_t star = std::string_view::npos;
  std::size_t star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::int64_t freeze(std::vector<NamedTensor>& parameters, std::string_view pattern) {
  std::int64_t count = 0;
  for (NamedTensor& p : parameters) {
    if (!matches_pattern(p.name, pattern)) continue;
    p.trainable = false;
    ++count;
  }
  if (count > 0) return count;
  std::vector<std::string_view> names;
  for (const NamedTensor& p : parameters) names.push_back(p.name);
  throw ConfigError("freeze: no parameter matches: " + unknown_name("parameter", pattern, names));
}

namespace {

std::string type_and_shape(const Tensor& tensor) {
  return std::string(to_string(tensor.dtype())) + " " + to_string(tensor.shape());
}

/// What loading would do; and where each parameter's value would come from, null if from nowhere.
struct LoadPlan {
  LoadReport report;
  std::vector<const Tensor*> sources;
};

LoadPlan plan_load(const std::vector<NamedTensor>& into, const std::vector<NamedValue>& from) {
  LoadPlan plan;
  std::unordered_map<std::string_view, const Tensor*> by_name;
  for (const NamedValue& value : from) by_name.emplace(value.name, &value.value);
  for (const NamedTensor& p : into) {
    plan.sources.push_back(nullptr);
    const auto found = by_name.find(p.name);
    if (found == by_name.end()) {
      plan.report.missing.push_back(p.name);
      continue;
    }
    const Tensor& source = *found->second;
    if (p.value->shape() == source.shape() && p.value->dtype() == source.dtype()) {
      plan.sources.back() = &source;
      plan.report.loaded.push_back(p.name);
    } else {
      plan.report.mismatched.push_back(p.name + ": " + type_and_shape(*p.value) + " in the model, " +
                                       type_and_shape(source) + " in the source");
    }
    by_name.erase(found);
  }
  for (const NamedValue& value : from) {
    if (by_name.contains(value.name)) plan.report.unused.push_back(value.name);
  }
  return plan;
}

void assign(const std::vector<NamedTensor>& into, const LoadPlan& plan) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    if (plan.sources[i] != nullptr) *into[i].value = *plan.sources[i];
  }
}

}  // namespace

LoadReport load_matching(const std::vector<NamedTensor>& into, const std::vector<NamedValue>& from) {
  LoadPlan plan = plan_load(into, from);
  assign(into, plan);
  return std::move(plan.report);
}

void load_exactly(const std::vector<NamedTensor>& into, const std::vector<NamedValue>& from) {
  const LoadPlan plan = plan_load(into, from);
  const LoadReport& report = plan.report;
  if (!report.missing.empty()) {
    throw FormatError("the model's parameter " + in_quotes(report.missing.front()) + " is not in the source");
  }
  if (!report.mismatched.empty()) throw FormatError("parameter " + report.mismatched.front());
  if (!report.unused.empty()) {
    throw FormatError("the source's tensor " + in_quotes(report.unused.front()) +
                      " is no parameter of the model");
  }
  assign(into, plan);
}

}  // namespace hebb
