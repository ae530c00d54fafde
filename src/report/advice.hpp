/// What a good colleague would say on seeing a run.
#pragma once

#include <string>
#include <vector>

#include "report/data_view.hpp"
#include "report/run_record.hpp"

namespace hebb::report {

struct Advice {
  std::string kind = {};  ///< "overfitting", "learning_rate", "classes", "dead_units", "leak",
                          ///< "contradictions", "unfinished"
  std::string text = {};  ///< a sentence or two: what is seen, by its numbers, and what may help
};

/// Each rule by itself; empty text where there is nothing to say. A neuron is advised on options it takes.
///
/// The validation loss has risen for long, and by more than it varies, while the training loss fell on.
std::string on_overfitting(const std::vector<EpochReport>& epochs, bool neuron = false);
/// Training diverged, or its loss leaps up again and again, or never falls while weights move far.
std::string on_learning_rate(const RunRecord& run);
/// The loss was still falling fast when the epochs ran out.
std::string on_stopping_early(const RunRecord& run);
/// The largest class has more than five times as many samples as the smallest.
std::string on_classes(const DataView& data, bool neuron = false);
/// A tenth of a layer's units, or more, give one value whatever the sample.
std::string on_dead_units(const std::vector<Insight>& insight);
/// Samples held out are training samples, too.
std::string on_leak(const DataView& data);
/// Training samples are equal but for their classes.
std::string on_contradictions(const DataView& data);

/// All of them; `data` may be null when the data could not be loaded.
std::vector<Advice> advice_on(const RunRecord& run, const DataView* data);

}  // namespace hebb::report
